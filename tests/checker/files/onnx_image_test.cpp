// Images and batches: the checker reads what the product reads, and to the same network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "checker/files/onnx_support.hpp"
#include "formats/batch_models.hpp"

namespace geolip::checker {
namespace {

using test::Model;
using test::set_int;
using test::set_ints;
using test::set_string;
using testing::expect_agreement;
using ::testing::HasSubstr;
using testing::numbers;
using testing::refused;

TEST(CheckersOnnxImages, ConvolutionsAndPoolsOfEveryKind) {
  struct Way {
    std::vector<std::int64_t> image;
    std::vector<std::int64_t> kernel;
    std::vector<std::int64_t> strides;
    std::vector<std::int64_t> dilations;
    std::vector<std::int64_t> pads;
  };
  const std::vector<Way> ways{{{5, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
                              {{5, 6}, {2, 3}, {2, 1}, {1, 1}, {0, 1, 1, 0}},
                              {{7, 7}, {2, 2}, {1, 2}, {3, 2}, {0, 0, 0, 0}},
                              {{4, 5}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
                              {{9}, {3}, {2}, {2}, {1, 2}}};
  for (const Way& way : ways) {
    for (const char* op : {"Conv", "ConvTranspose", "MaxPool", "AveragePool"}) {
      for (const int variant : {0, 1}) {
        const std::string kind = op;
        const bool convolves = kind.starts_with("Conv");
        const bool transposes = kind == "ConvTranspose";
        std::vector<std::int64_t> shape{1, 4};
        shape.insert(shape.end(), way.image.begin(), way.image.end());
        Model m(shape, 19);
        const std::int64_t groups = convolves && variant == 1 ? 2 : 1;
        std::vector<std::int64_t> weight{transposes ? 4 : 6, (transposes ? 6 : 4) / groups};
        std::size_t count = static_cast<std::size_t>(weight[0] * weight[1]);
        weight.insert(weight.end(), way.kernel.begin(), way.kernel.end());
        for (const std::int64_t k : way.kernel) count *= static_cast<std::size_t>(k);
        m.constant("w", weight, numbers(count)).constant("b", {6}, numbers(6));
        m.node("Relu", {"x"}, {"r"});
        auto& n = convolves ? m.node(op, {"r", "w", "b"}, {"y"}) : m.node(op, {"r"}, {"y"});
        set_ints(n, "kernel_shape", way.kernel);
        set_ints(n, "strides", way.strides);
        set_ints(n, "dilations", way.dilations);
        if (convolves) set_int(n, "group", groups);
        if (!convolves && variant == 1) set_int(n, "ceil_mode", 1);
        if (kind == "AveragePool" && variant == 0) set_int(n, "count_include_pad", 1);
        const bool dilated = std::count(way.dilations.begin(), way.dilations.end(), 1) <
                             static_cast<std::ptrdiff_t>(way.dilations.size());
        const bool automatic = kind == "Conv" && variant == 1 && !dilated;
        if (automatic) {
          set_string(n, "auto_pad", way.image.size() == 1 ? "SAME_LOWER" : "SAME_UPPER");
        } else {
          set_ints(n, "pads", way.pads);
        }
        expect_agreement(m, kind + " variant " + std::to_string(variant));
      }
    }
  }
}

TEST(CheckersOnnxImages, WhatJoinsAndChooses) {
  Model m({1, 2, 4}, 13);
  m.constant_integers("sizes", {1, 3})
      .constant_integers("from", {3})
      .constant_integers("to", {-9})
      .constant_integers("axis", {2})
      .constant_integers("step", {-2})
      .constant_integers("pads", {0, 1, 0, 0, 0, -1})
      .constant_integers("which", {1, 0, 1});
  m.constant("w", {2, 2, 1}, {1, 2, 3, 4});
  m.node("Relu", {"x"}, {"r"});
  set_int(m.node("Split", {"r", "sizes"}, {"a", "b"}), "axis", 2);
  m.node("Slice", {"r", "from", "to", "axis", "step"}, {"c"});
  set_int(m.node("Concat", {"a", "b", "c"}, {"d"}), "axis", -1);
  m.node("Conv", {"d", "w"}, {"e"});
  m.node("Add", {"a", "e"}, {"f"});  // a is repeated
  m.node("Sub", {"f", "d"}, {"g"});
  m.node("Pad", {"g", "pads"}, {"h"});
  set_int(m.node("Gather", {"h", "which"}, {"i"}), "axis", 1);
  set_ints(m.node("Transpose", {"i"}, {"t"}), "perm", {0, 2, 1});
  m.node("Tanh", {"t"}, {"u"});
  set_ints(m.node("ReduceMean", {"u"}, {"v"}), "axes", {1});
  m.node("Add", {"v", "u"}, {"y"});
  expect_agreement(m, "joins");
  for (const char* mode : {"DCR", "CRD"}) {
    Model blocks({1, 12, 2, 3});
    auto& node = blocks.node("DepthToSpace", {"x"}, {"d"});
    set_int(node, "blocksize", 2);
    set_string(node, "mode", mode);
    blocks.constant_integers("axes", {1, 3});
    set_int(blocks.node("ReduceSum", {"d", "axes"}, {"s"}), "keepdims", 0);
    blocks.node("Relu", {"s"}, {"y"});
    expect_agreement(blocks, mode);
  }
  Model up({1, 1, 2, 2}, 13);
  up.constant("scales", {4}, {1, 1, 2, 3}).constant("roi", {0}, {});
  set_string(up.node("Resize", {"x", "roi", "scales"}, {"s"}), "mode", "nearest");
  up.node("GlobalAveragePool", {"s"}, {"p"});
  up.node("GlobalMaxPool", {"s"}, {"q"});
  up.node("Sub", {"p", "q"}, {"y"});
  expect_agreement(up, "Resize");
}

Model interpolated(const std::string& where, const std::vector<std::int64_t>& sizes) {
  Model m({1, 2, 3, 2}, 18);
  m.constant("roi", {0}, {})
      .constant("scales", {0}, {})
      .constant_integers("sizes", {1, 2, sizes[0], sizes[1]});
  auto& node = m.node("Resize", {"x", "roi", "scales", "sizes"}, {"r"});
  set_string(node, "mode", "linear");
  set_string(node, "coordinate_transformation_mode", where);
  m.node("Relu", {"r"}, {"y"});
  return m;
}

TEST(CheckersOnnxImages, ResizingInterpolates) {
  for (const char* where : {"half_pixel", "pytorch_half_pixel", "asymmetric"}) {
    for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{6, 4}, {12, 2}, {3, 8}, {1, 1}})
      expect_agreement(interpolated(where, sizes), where);
  }
  expect_agreement(interpolated("align_corners", {5, 3}), "corners");
  EXPECT_THAT(refused(interpolated("align_corners", {4, 2})), HasSubstr("no binary fractions"));
  EXPECT_THAT(refused(interpolated("half_pixel_symmetric", {6, 4})), HasSubstr("interpolates linearly"));
}

TEST(CheckersOnnxImages, ReshapesCountTheRowsOfABatch) {
  for (const auto& [sizes, outputs] : test::whole_rows()) {
    expect_agreement(test::reshaped_rows(sizes), ::testing::PrintToString(sizes));
  }
  for (const auto& sizes : test::torn_rows()) {
    EXPECT_THAT(refused(test::reshaped_rows(sizes)),
                ::testing::AnyOf(HasSubstr("batch"), HasSubstr("cannot be reshaped")))
        << ::testing::PrintToString(sizes);
  }
  for (const std::int64_t batch : {std::int64_t{2}, Model::symbolic}) {
    for (const auto& add : test::counts_of_rows())
      EXPECT_THAT(refused(test::mixed(batch, add)), HasSubstr("batch"));
    EXPECT_THAT(refused(test::gelu_times_rows(batch)), HasSubstr("Erf"));
  }
}

TEST(CheckersOnnxImages, RowsOfABatchStayApart) {
  for (const std::int64_t batch : {std::int64_t{2}, Model::symbolic}) {
    int n = 0;
    for (const auto& add : test::along_the_batch()) {
      EXPECT_THAT(refused(test::mixed(batch, add)), HasSubstr("y_node: operator ")) << n;
      EXPECT_THAT(refused(test::mixed(batch, add)), HasSubstr("batch")) << n++;
    }
    for (const auto& add : test::beside_the_batch())
      expect_agreement(test::mixed(batch, add), "beside the batch");
  }
  for (const Model& product : test::products_over_the_batch()) {
    EXPECT_THAT(refused(product), HasSubstr("works along the first dimension, which is a batch's"));
  }
  for (const auto& add : test::along_the_batch()) expect_agreement(test::mixed(1, add), "one row");
}

TEST(CheckersOnnxImages, WhatOtherProgramsTakeForAnotherFunctionIsRefused) {
  Model pool({1, 1, 5, 5});
  auto& node = pool.node("MaxPool", {"x"}, {"y"});
  set_ints(node, "kernel_shape", {3, 3});
  set_ints(node, "dilations", {2, 2});
  set_string(node, "auto_pad", "SAME_LOWER");
  EXPECT_THAT(refused(pool), HasSubstr("an auto_pad of SAME_LOWER with dilations is not supported"));
  Model resize({1, 1, 2, 2}, 18);
  resize.constant("roi", {0}, {}).constant("scales", {0}, {}).constant_integers("sizes", {1, 1, 2, 4});
  auto& stretch = resize.node("Resize", {"x", "roi", "scales", "sizes"}, {"y"});
  expect_agreement(resize, "sizes");
  test::set_string(stretch, "keep_aspect_ratio_policy", "not_larger");
  EXPECT_NE(refused(resize), "(it was read)");
}

TEST(CheckersOnnxImages, ATransposedConvolutionOfFarStridesIsNoSmallFile) {
  Model m({1, 1, 2, 2});
  m.constant("w", {1, 1, 1, 1}, {1});
  set_ints(m.node("ConvTranspose", {"x", "w"}, {"y"}), "strides", {16000000, 16000000});
  EXPECT_THAT(refused(m), HasSubstr("this asks for"));
}

}  // namespace
}  // namespace geolip::checker
