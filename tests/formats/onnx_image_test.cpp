// Convolutions, pools and what chooses elements, against the definitions of ONNX.
#include <formats/batch_models.hpp>
#include <formats/onnx_builder.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace geolip {
namespace {

using test::Model;
using test::set_float;
using test::set_int;
using test::set_ints;
using test::set_string;
using ::testing::HasSubstr;
using Values = std::vector<double>;

std::vector<float> numbers(std::size_t n) {
  std::vector<float> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<float>(static_cast<int>(i * 7 % 11) - 5));
  return values;
}

Values input(Index n) {
  Values x;
  for (Index i = 0; i < n; ++i) x.push_back(static_cast<double>((i * 13) % 17) - 8.0);
  return x;
}

/// Attributes of a kernel's way over an image, as ONNX states them.
struct Way {
  Index height;
  Index width;
  Index kernel[2];
  Index stride[2];
  Index dilation[2];
  Index pads[4];  // top, left, bottom, right

  Index output(int axis) const {
    const Index size = axis == 0 ? height : width;
    return (size + pads[axis] + pads[axis + 2] - (kernel[axis] - 1) * dilation[axis] - 1) / stride[axis] + 1;
  }
};

void set_way(onnx::NodeProto& node, const Way& way) {
  set_ints(node, "kernel_shape", {way.kernel[0], way.kernel[1]});
  set_ints(node, "strides", {way.stride[0], way.stride[1]});
  set_ints(node, "dilations", {way.dilation[0], way.dilation[1]});
  set_ints(node, "pads", {way.pads[0], way.pads[1], way.pads[2], way.pads[3]});
}

/// Calls see(y, x, a, b) for every tap inside the image of the window at (p, q).
void for_window(const Way& w, Index p, Index q, const std::function<void(Index, Index, Index, Index)>& see) {
  for (Index a = 0; a < w.kernel[0]; ++a) {
    for (Index b = 0; b < w.kernel[1]; ++b) {
      const Index y = p * w.stride[0] + a * w.dilation[0] - w.pads[0];
      const Index x = q * w.stride[1] + b * w.dilation[1] - w.pads[1];
      if (y >= 0 && y < w.height && x >= 0 && x < w.width) see(y, x, a, b);
    }
  }
}

const std::vector<Way> ways{
    {5, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {5, 6, {2, 3}, {2, 1}, {1, 1}, {0, 1, 1, 0}},
    {7, 7, {2, 2}, {1, 2}, {3, 2}, {0, 0, 0, 0}}, {4, 5, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {4, 4, {4, 3}, {3, 2}, {1, 1}, {2, 0, 1, 2}}, {1, 8, {1, 3}, {1, 2}, {1, 2}, {0, 2, 0, 1}}};

class OnnxImage : public test::Onnx {};

TEST_F(OnnxImage, ConvolutionsOfEveryKind) {
  for (const Way& w : ways) {
    for (const Index groups : {1, 2}) {
      constexpr Index channels = 4;
      constexpr Index filters = 6;
      const Index part = channels / groups;
      const auto weight = numbers(static_cast<std::size_t>(filters * part * w.kernel[0] * w.kernel[1]));
      const auto bias = numbers(filters);
      Model m({1, channels, w.height, w.width});
      m.constant("w", {filters, part, w.kernel[0], w.kernel[1]}, weight).constant("b", {filters}, bias);
      auto& node = m.node("Conv", {"x", "w", "b"}, {"y"});
      set_way(node, w);
      set_int(node, "group", groups);
      const Values x = input(channels * w.height * w.width);
      Values expected;
      for (Index f = 0; f < filters; ++f) {
        for (Index p = 0; p < w.output(0); ++p) {
          for (Index q = 0; q < w.output(1); ++q) {
            double sum = static_cast<double>(bias[static_cast<std::size_t>(f)]);
            for (Index c = 0; c < part; ++c) {
              const Index channel = f / (filters / groups) * part + c;
              for_window(w, p, q, [&](Index y, Index z, Index a, Index b) {
                sum += static_cast<double>(weight[static_cast<std::size_t>(
                           ((f * part + c) * w.kernel[0] + a) * w.kernel[1] + b)]) *
                       x[static_cast<std::size_t>((channel * w.height + y) * w.width + z)];
              });
            }
            expected.push_back(sum);
          }
        }
      }
      EXPECT_EQ(evaluate(m, x), expected) << w.height << " groups " << groups;
    }
  }
}

TEST_F(OnnxImage, ATransposedConvolutionSpreadsItsInput) {
  // what a convolution gathers from y to p, its transpose spreads from p to y
  for (const Way& w : ways) {
    for (const Index groups : {1, 2}) {
      constexpr Index channels = 4;  // of the data
      constexpr Index made = 2;
      const Index part = made / groups;
      const auto weight = numbers(static_cast<std::size_t>(channels * part * w.kernel[0] * w.kernel[1]));
      Model m({1, channels, w.output(0), w.output(1)});
      m.constant("w", {channels, part, w.kernel[0], w.kernel[1]}, weight).constant("b", {made}, {1, 2});
      auto& node = m.node("ConvTranspose", {"x", "w", "b"}, {"y"});
      set_way(node, w);
      set_int(node, "group", groups);
      std::vector<std::int64_t> extra;
      for (const int axis : {0, 1}) {
        const Index size = axis == 0 ? w.height : w.width;
        const Index least = w.stride[axis] * (w.output(axis) - 1) + (w.kernel[axis] - 1) * w.dilation[axis] +
                            1 - w.pads[axis] - w.pads[axis + 2];
        extra.push_back(size - least);
      }
      set_ints(node, "output_padding", extra);
      const Values x = input(channels * w.output(0) * w.output(1));
      Values expected;
      for (Index c = 0; c < made; ++c) {
        expected.insert(expected.end(), static_cast<std::size_t>(w.height * w.width),
                        static_cast<double>(c + 1));
      }
      for (Index f = 0; f < channels; ++f) {
        for (Index p = 0; p < w.output(0); ++p) {
          for (Index q = 0; q < w.output(1); ++q) {
            for (Index c = 0; c < part; ++c) {
              const Index channel = f / (channels / groups) * part + c;
              for_window(w, p, q, [&](Index y, Index z, Index a, Index b) {
                expected[static_cast<std::size_t>((channel * w.height + y) * w.width + z)] +=
                    static_cast<double>(weight[static_cast<std::size_t>(
                        ((f * part + c) * w.kernel[0] + a) * w.kernel[1] + b)]) *
                    x[static_cast<std::size_t>((f * w.output(0) + p) * w.output(1) + q)];
              });
            }
          }
        }
      }
      EXPECT_EQ(evaluate(m, x), expected) << w.height << " groups " << groups;
    }
  }
}

TEST_F(OnnxImage, PoolsOfEveryKind) {
  constexpr double lowest = -std::numeric_limits<double>::infinity();
  for (const Way& w : ways) {
    for (const char* op : {"MaxPool", "AveragePool"}) {
      for (const bool count_pads : {false, true}) {
        Model m({1, 2, w.height, w.width}, 19);
        m.node("Neg", {"x"}, {"n"});
        m.node("Neg", {"n"}, {"z"});  // so that something is left where every window has one element
        auto& node = m.node(op, {"z"}, {"y"});
        set_way(node, w);
        const bool mean = std::string(op) == "AveragePool";
        if (mean) set_int(node, "count_include_pad", count_pads ? 1 : 0);
        const Values x = input(2 * w.height * w.width);
        Values expected;
        bool empty = false;
        for (Index c = 0; c < 2; ++c) {
          for (Index p = 0; p < w.output(0); ++p) {
            for (Index q = 0; q < w.output(1); ++q) {
              double sum = 0.0;
              double largest = lowest;
              double count = 0.0;
              for_window(w, p, q, [&](Index y, Index z, Index, Index) {
                const double value = x[static_cast<std::size_t>((c * w.height + y) * w.width + z)];
                sum += value;
                largest = std::max(largest, value);
                count += 1.0;
              });
              empty = empty || count == 0.0;
              if (count_pads) count = static_cast<double>(w.kernel[0] * w.kernel[1]);
              expected.push_back(mean ? sum / count : largest);
            }
          }
        }
        if (empty && !(mean && count_pads)) continue;
        const Values y = evaluate(m, x);
        ASSERT_EQ(y.size(), expected.size());
        for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-14) << op;
      }
    }
  }
}

TEST_F(OnnxImage, PaddingThatFollowsFromTheStride) {
  for (const char* how : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    Model m({1, 1, 5});
    m.constant("w", {1, 1, 2}, {1, 10});
    auto& node = m.node("Conv", {"x", "w"}, {"y"});
    set_string(node, "auto_pad", how);
    set_ints(node, "strides", {2});
    const Values y = evaluate(m, {1, 2, 3, 4, 5});
    const std::string mode = how;
    const Values expected = mode == "SAME_UPPER"   ? Values{21, 43, 5}
                            : mode == "SAME_LOWER" ? Values{10, 32, 54}
                                                   : Values{21, 43};
    EXPECT_EQ(y, expected) << mode;
  }
  Model pool({1, 1, 6});
  auto& node = pool.node("MaxPool", {"x"}, {"y"});
  set_ints(node, "kernel_shape", {3});
  set_ints(node, "strides", {2});
  set_int(node, "ceil_mode", 1);
  EXPECT_EQ(evaluate(pool, {1, 5, 2, 4, 3, 6}), (Values{5, 4, 6}));
}

TEST_F(OnnxImage, MeansOverAxes) {
  Model global({1, 2, 2, 2});
  global.node("GlobalAveragePool", {"x"}, {"y"});
  EXPECT_EQ(evaluate(global, {1, 2, 3, 6, 4, 4, 4, 8}), (Values{3, 5}));
  Model most({1, 2, 2, 2});
  most.node("GlobalMaxPool", {"x"}, {"y"});
  EXPECT_EQ(evaluate(most, {1, 2, 3, 6, 4, 9, 4, 8}), (Values{6, 9}));
  Model mean({1, 2, 3});
  auto& node = mean.node("ReduceMean", {"x"}, {"y"});
  set_ints(node, "axes", {1});
  set_int(node, "keepdims", 0);
  EXPECT_EQ(evaluate(mean, {1, 2, 3, 5, 6, 7}), (Values{3, 4, 5}));
}

TEST_F(OnnxImage, SumsOverAxes) {
  Model sum({1, 2, 3});
  sum.constant_integers("axes", {1});
  set_int(sum.node("ReduceSum", {"x", "axes"}, {"y"}), "keepdims", 0);
  EXPECT_EQ(evaluate(sum, {1, 2, 3, 5, 6, 7}), (Values{6, 8, 10}));
  Model all({1, 2, 3});
  all.node("ReduceSum", {"x"}, {"y"});
  EXPECT_EQ(evaluate(all, {1, 2, 3, 5, 6, 7}), (Values{24}));
}

TEST_F(OnnxImage, DepthToSpace) {
  const auto shuffled = [](const char* mode) {
    Model m({1, 8, 1, 2});
    auto& node = m.node("DepthToSpace", {"x"}, {"y"});
    set_int(node, "blocksize", 2);
    if (mode != nullptr) set_string(node, "mode", mode);
    return m;
  };
  // channel c has the numbers 10 c and 10 c + 1
  Values x;
  for (int c = 0; c < 8; ++c) x.insert(x.end(), {10.0 * c, 10.0 * c + 1.0});
  const Values depth_first{0, 20, 1, 21, 40, 60, 41, 61, 10, 30, 11, 31, 50, 70, 51, 71};
  EXPECT_EQ(evaluate(shuffled(nullptr), x), depth_first);
  EXPECT_EQ(evaluate(shuffled("DCR"), x), depth_first);
  EXPECT_EQ(evaluate(shuffled("CRD"), x),
            (Values{0, 10, 1, 11, 20, 30, 21, 31, 40, 50, 41, 51, 60, 70, 61, 71}));
  EXPECT_THAT(refused(shuffled("RCD")), HasSubstr("mode"));
  Model odd({1, 6, 1, 2});
  set_int(odd.node("DepthToSpace", {"x"}, {"y"}), "blocksize", 2);
  EXPECT_THAT(refused(odd), HasSubstr("blocks of 2 does not go with data of 1x6x1x2"));
}

TEST_F(OnnxImage, ConcatAlongEveryAxis) {
  for (const int axis : {1, -1}) {
    Model m({1, 2, 2});
    m.node("Neg", {"x"}, {"n"});
    m.node("Relu", {"x"}, {"r"});
    set_int(m.node("Concat", {"n", "r"}, {"y"}), "axis", axis);
    EXPECT_EQ(evaluate(m, {1, 2, 3, -4}),
              axis == 1 ? (Values{-1, -2, -3, 4, 1, 2, 3, 0}) : (Values{-1, -2, 1, 2, -3, 4, 3, 0}));
  }
}

TEST_F(OnnxImage, SplitsSlicesAndPads) {
  Model split({1, 5});
  split.constant_integers("s", {2, 3})
      .constant_integers("a", {1})
      .constant_integers("b", {0})
      .constant_integers("e", {9})
      .constant_integers("t", {2});
  set_int(split.node("Split", {"x", "s"}, {"p", "q"}), "axis", 1);
  split.node("Slice", {"q", "b", "e", "a", "t"}, {"z"});
  split.node("Sub", {"p", "z"}, {"y"});
  EXPECT_EQ(evaluate(split, {1, 2, 10, 20, 30}), (Values{1 - 10, 2 - 30}));
  Model pad({1, 2, 2});
  pad.constant_integers("s", {0, 1, 0, 0, -1, 2}).constant("v", {}, {7});
  pad.node("Pad", {"x", "s", "v"}, {"y"});
  EXPECT_EQ(evaluate(pad, {1, 2, 3, 4}), (Values{7, 7, 7, 7, 1, 2, 7, 7}));
  Model gather({1, 3});
  gather.constant_integers("i", {2, 0, 2});
  set_int(gather.node("Gather", {"x", "i"}, {"y"}), "axis", 1);
  EXPECT_EQ(evaluate(gather, {1, 2, 3}), (Values{3, 1, 3}));
}

TEST_F(OnnxImage, UpsamplingRepeats) {
  Model m({1, 1, 2, 2}, 13);
  m.constant("scales", {4}, {1, 1, 2, 3}).constant("roi", {0}, {});
  auto& node = m.node("Resize", {"x", "roi", "scales"}, {"y"});
  set_string(node, "mode", "nearest");
  const Values twice{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4};
  EXPECT_EQ(evaluate(m, {1, 2, 3, 4}), twice);
  set_string(node, "nearest_mode", "floor");
  EXPECT_THAT(refused(m), HasSubstr("supported where it repeats elements"));
  Model linear({1, 1, 2, 2}, 9);
  linear.constant("scales", {4}, {1, 1, 2, 2});
  set_string(linear.node("Upsample", {"x", "scales"}, {"y"}), "mode", "linear");
  EXPECT_THAT(refused(linear), HasSubstr("mode nearest with whole scales"));
}

/// A Resize of an image of 1 x 1 x 2 x 2.
Model interpolation(const std::string& where, const std::vector<std::int64_t>& sizes, bool by_scales,
                    const std::string& mode = "linear") {
  Model m({1, 1, 2, 2}, 18);
  m.constant("roi", {0}, {});
  if (by_scales) {
    m.constant("scales", {4}, {1, 1, static_cast<float>(sizes[0]) / 2, static_cast<float>(sizes[1]) / 2});
    m.node("Resize", {"x", "roi", "scales"}, {"y"});
  } else {
    m.constant("scales", {0}, {}).constant_integers("sizes", {1, 1, sizes[0], sizes[1]});
    m.node("Resize", {"x", "roi", "scales", "sizes"}, {"y"});
  }
  onnx::NodeProto& node = *m.graph().mutable_node(0);
  set_string(node, "mode", mode);
  set_string(node, "coordinate_transformation_mode", where);
  return m;
}

// Of the columns 0 and 8, or the lines 0 and 64, by hand.
TEST_F(OnnxImage, ResizingInterpolates) {
  const Values image{0, 8, 64, 72};
  for (const bool by_scales : {false, true}) {
    for (const char* where : {"half_pixel", "pytorch_half_pixel"}) {
      const Model m = interpolation(where, {2, 4}, by_scales);
      EXPECT_EQ(evaluate(m, image), (Values{0, 2, 6, 8, 64, 66, 70, 72})) << where;
      EXPECT_FALSE(read(m).source.rounded);
      EXPECT_EQ(evaluate(interpolation(where, {4, 2}, by_scales), image),
                (Values{0, 8, 16, 24, 48, 56, 64, 72}))
          << where;
    }
    EXPECT_EQ(evaluate(interpolation("asymmetric", {2, 4}, by_scales), image),
              (Values{0, 4, 8, 8, 64, 68, 72, 72}));
  }
  EXPECT_EQ(evaluate(interpolation("align_corners", {2, 3}, false), image), (Values{0, 4, 8, 64, 68, 72}));
  EXPECT_EQ(evaluate(interpolation("align_corners", {3, 3}, false), image),
            (Values{0, 4, 8, 32, 36, 40, 64, 68, 72}));
  EXPECT_EQ(evaluate(interpolation("asymmetric", {1, 1}, false), image), (Values{0}));
  EXPECT_EQ(evaluate(interpolation("half_pixel", {1, 1}, false), image), (Values{36}));
  EXPECT_EQ(evaluate(interpolation("pytorch_half_pixel", {1, 2}, false), image), (Values{0, 8}));
}

TEST_F(OnnxImage, InterpolationThatRoundsIsNoted) {
  const Model m = interpolation("align_corners", {2, 4}, false);
  EXPECT_TRUE(read(m).source.rounded);
  const Values got = evaluate(m, {0, 3, 30, 33});
  const Values expected{0, 1, 2, 3, 30, 31, 32, 33};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-13);
}

TEST_F(OnnxImage, OtherInterpolationIsRefused) {
  for (const char* where : {"half_pixel_symmetric", "tf_crop_and_resize"})
    EXPECT_THAT(refused(interpolation(where, {2, 4}, true)), HasSubstr("interpolates linearly")) << where;
  EXPECT_THAT(refused(interpolation("half_pixel", {2, 4}, true, "cubic")),
              HasSubstr("interpolates linearly"));
  Model smooth = interpolation("half_pixel", {2, 4}, true);
  set_int(*smooth.graph().mutable_node(0), "antialias", 1);
  EXPECT_THAT(refused(smooth), HasSubstr("interpolates linearly"));
  EXPECT_THAT(refused(interpolation("half_pixel", {2, 3}, true)), HasSubstr("interpolates linearly"));
  EXPECT_EQ(refused(interpolation("half_pixel", {2, 0}, false)),
            "y_node: a size of operator Resize is not positive");
}

TEST_F(OnnxImage, BroadcastingRepeatsData) {
  Model m({1, 2, 1, 2});
  m.constant_integers("s", {1, 1, 2, 2});
  m.node("Reshape", {"x", "s"}, {"r"});
  m.node("Add", {"x", "r"}, {"y"});
  // x as channels of one row each, r as one channel of two rows
  EXPECT_EQ(evaluate(m, {1, 2, 10, 20}), (Values{2, 4, 11, 22, 11, 22, 20, 40}));
}

TEST_F(OnnxImage, RowsOfABatchStayApart) {
  for (const std::int64_t batch : {std::int64_t{2}, Model::symbolic}) {
    int n = 0;
    for (const auto& add : test::along_the_batch()) {
      EXPECT_THAT(refused(test::mixed(batch, add)), HasSubstr("y_node: operator ")) << n;
      EXPECT_THAT(refused(test::mixed(batch, add)), HasSubstr("batch")) << n++;
    }
    for (const auto& add : test::beside_the_batch()) EXPECT_EQ(network(test::mixed(batch, add)).inputs(), 4);
  }
  for (const Model& product : test::products_over_the_batch()) {
    EXPECT_THAT(refused(product), HasSubstr("works along the first dimension, which is a batch's"));
  }
  // a first dimension of one is what the file says
  for (const auto& add : test::along_the_batch()) EXPECT_EQ(network(test::mixed(1, add)).inputs(), 4);
}

TEST_F(OnnxImage, ReshapesCountTheRowsOfABatch) {
  for (const auto& [sizes, outputs] : test::whole_rows()) {
    const Network read = network(test::reshaped_rows(sizes));
    EXPECT_EQ(read.inputs(), 4);
    EXPECT_EQ(read.outputs(), outputs) << ::testing::PrintToString(sizes);
  }
  // the four numbers after the convolution are 11, 14, 27 and 34
  EXPECT_EQ(evaluate(test::reshaped_rows({4, -1}), {5, 6, 3, 4}), (Values{21.5}));
  EXPECT_EQ(evaluate(test::reshaped_rows({8, -1}), {5, 6, 3, 4}), (Values{12.5, 30.5}));
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

TEST_F(OnnxImage, WhatOtherProgramsTakeForAnotherFunctionIsRefused) {
  Model pool({1, 1, 5, 5});
  auto& node = pool.node("MaxPool", {"x"}, {"y"});
  set_ints(node, "kernel_shape", {3, 3});
  set_ints(node, "dilations", {2, 2});
  set_string(node, "auto_pad", "SAME_UPPER");
  EXPECT_EQ(refused(pool), "y_node: an auto_pad of SAME_UPPER with dilations is not supported");
  Model resize({1, 1, 2, 2}, 18);
  resize.constant("roi", {0}, {}).constant("scales", {0}, {}).constant_integers("sizes", {1, 1, 2, 4});
  auto& stretch = resize.node("Resize", {"x", "roi", "scales", "sizes"}, {"y"});
  EXPECT_EQ(evaluate(resize, {1, 2, 3, 4}), (Values{1, 1, 2, 2, 3, 3, 4, 4}));
  set_string(stretch, "keep_aspect_ratio_policy", "not_smaller");
  EXPECT_THAT(refused(resize), HasSubstr("supported where it repeats elements"));
  Model longer({1, 2}, 18);
  longer.constant("roi", {0}, {}).constant("scales", {0}, {}).constant_integers("sizes", {1, 2, 2});
  longer.node("Resize", {"x", "roi", "scales", "sizes"}, {"y"});
  EXPECT_EQ(refused(longer), "y_node: operator Resize has not one size a dimension");
}

TEST_F(OnnxImage, WhatIsNotUnderstoodIsRefusedByName) {
  const auto conv = [&](auto&& change) {
    Model m({1, 2, 3, 3});
    m.constant("w", {2, 2, 2, 2}, std::vector<float>(16, 1.0F)).constant("c", {3}, {1, 2, 3});
    change(m, m.node("Conv", {"x", "w"}, {"y"}));
    return refused(m);
  };
  EXPECT_EQ(conv([](Model&, auto& n) { set_ints(n, "pads", {1, 1}); }), "y_node: its pads 1x1 make no sense");
  EXPECT_EQ(conv([](Model&, auto& n) {
              set_ints(n, "pads", {-1, 0, 0, 0});
            }),
            "y_node: its pads -1x0x0x0 make no sense");
  EXPECT_EQ(conv([](Model&, auto& n) {
              set_ints(n, "strides", {0, 1});
            }),
            "y_node: its strides 0x1 make no sense");
  EXPECT_EQ(conv([](Model&, auto& n) { set_string(n, "auto_pad", "SAME"); }),
            "y_node: its auto_pad 'SAME' is not known");
  EXPECT_EQ(conv([](Model&, auto& n) { set_int(n, "group", 2); }),
            "y_node: weight is 2x2x2x2 but its input has 2 channels");
  EXPECT_EQ(conv([](Model&, auto& n) {
              set_ints(n, "kernel_shape", {1, 1});
            }),
            "y_node: its kernel_shape is 1x1 but its weight is 2x2x2x2");
  EXPECT_EQ(conv([](Model&, auto& n) {
              set_ints(n, "dilations", {9, 9});
            }),
            "y_node: its kernel of 2x2 does not fit an image of 3x3");
  EXPECT_EQ(conv([](Model&, auto& n) { n.add_input("c"); }), "y_node: bias is 3 but its weight is 2x2x2x2");
  Model pool({1, 1, 4});
  pool.node("MaxPool", {"x"}, {"y"});
  EXPECT_EQ(refused(pool), "y_node: operator MaxPool has no kernel_shape");
  Model indices({1, 1, 4});
  auto& node = indices.node("MaxPool", {"x"}, {"y", "where"});
  set_ints(node, "kernel_shape", {2});
  EXPECT_EQ(refused(indices), "y_node: operator MaxPool with indices is not supported");
  Model reflect({1, 4});
  reflect.constant_integers("s", {0, 1, 0, 1});
  set_string(reflect.node("Pad", {"x", "s"}, {"y"}), "mode", "reflect");
  EXPECT_EQ(refused(reflect), "y_node: operator Pad with mode 'reflect' is not supported");
}

}  // namespace
}  // namespace geolip
