/// \file
/// Models in which the rows of a batch meet: read with one row they would be other functions.
#pragma once

#include "io/onnx_builder.hpp"

#include <functional>

namespace geolip::test {

/// An image through a convolution (which makes a first dimension of two a batch), then one node that `add`
/// adds from 'r' to 'y'.
inline Model mixed(std::int64_t batch, const std::function<void(Model&)>& add) {
  Model m({batch, 2, 1, 2});
  m.constant("w", {2, 2, 1, 1}, {1, 2, 3, 4});
  m.node("Conv", {"x", "w"}, {"r"});
  add(m);
  return m;
}

/// Every operator along the first dimension.
inline std::vector<std::function<void(Model&)>> along_the_batch() {
  const auto with_axis = [](const char* op, std::int64_t axis) {
    return [op, axis](Model& m) { set_int(m.node(op, {"r", "r"}, {"y"}), "axis", axis); };
  };
  return {
      with_axis("Concat", 0),
      with_axis("Concat", -4),
      [](Model& m) {
        m.constant_integers("i", {0});
        m.node("Gather", {"r", "i"}, {"y"});
      },
      [](Model& m) { m.node("ReduceMean", {"r"}, {"y"}); },
      [](Model& m) { m.node("ReduceMax", {"r"}, {"y"}); },
      [](Model& m) {
        set_ints(m.node("ReduceMin", {"r"}, {"y"}), "axes", {-4, 2});
      },
      [](Model& m) {
        m.constant_integers("k", {1});
        set_int(m.node("TopK", {"r", "k"}, {"y"}), "axis", 0);
      },
      // operands of another rank: the first dimension of one is not that of the other
      [](Model& m) {
        m.constant_integers("axes", {1});
        m.node("Unsqueeze", {"r", "axes"}, {"u"});
        m.node("Max", {"r", "u"}, {"y"});
      },
      [](Model& m) {
        m.constant("c", {1, 1, 1, 1, 1}, {1});
        m.node("Min", {"c", "r"}, {"y"});
      },
      [](Model& m) {
        m.constant_integers("axes", {1});
        m.node("Unsqueeze", {"r", "axes"}, {"u"});
        m.node("Add", {"u", "r"}, {"y"});
      },
      [](Model& m) {
        m.constant("c", {1, 1, 1, 1, 1}, {2});
        m.node("Mul", {"r", "c"}, {"y"});
      },
      [](Model& m) {
        set_ints(m.node("ReduceMean", {"r"}, {"y"}), "axes", {1, -4});
      },
      [](Model& m) {
        m.constant_integers("a", {0}).constant_integers("b", {1}).constant_integers("axis", {0});
        m.node("Slice", {"r", "a", "b", "axis"}, {"y"});
      },
      [](Model& m) {
        m.constant_integers("a", {0}).constant_integers("b", {1});
        m.node("Slice", {"r", "a", "b"}, {"y"});
      },
      [](Model& m) {
        m.constant_integers("p", {1, 0, 0, 0, 0, 0, 0, 0});
        m.node("Pad", {"r", "p"}, {"y"});
      },
      [](Model& m) { m.node("Transpose", {"r"}, {"y"}); },
      [](Model& m) {
        set_ints(m.node("Transpose", {"r"}, {"y"}), "perm", {1, 0, 2, 3});
      },
      [](Model& m) { m.node("Squeeze", {"r"}, {"y"}); },
      [](Model& m) {
        m.constant_integers("axes", {-5});
        m.node("Unsqueeze", {"r", "axes"}, {"y"});
      },
      [](Model& m) { set_int(m.node("Flatten", {"r"}, {"y"}), "axis", 0); },
      [](Model& m) {
        m.constant_integers("s", {1, -1});
        m.node("Reshape", {"r", "s"}, {"y"});
      },
      [](Model& m) {
        m.constant("scales", {4}, {2, 1, 1, 1}).constant("roi", {0}, {});
        set_string(m.node("Resize", {"r", "roi", "scales"}, {"y"}), "mode", "nearest");
      },
  };
}

/// Matrix products that add over the rows of a batch.
inline std::vector<Model> products_over_the_batch() {
  Model right({Model::symbolic, 2});
  right.constant("w", {3, 1}, {1, 2, 3});
  right.node("MatMul", {"w", "x"}, {"y"});
  Model transposed({Model::symbolic, 2});
  transposed.constant("w", {1, 3}, {1, 2, 3});
  set_int(transposed.node("Gemm", {"x", "w"}, {"y"}), "transA", 1);
  Model higher({Model::symbolic, 2});
  higher.constant("w", {1, 2, 1}, {1, 2});
  higher.node("MatMul", {"x", "w"}, {"y"});
  return {right, transposed, higher};
}

/// Operators that leave the rows alone.
inline std::vector<std::function<void(Model&)>> beside_the_batch() {
  return {
      [](Model& m) {
        set_int(m.node("Concat", {"r", "r"}, {"y"}), "axis", 1);
      },
      [](Model& m) {
        m.constant("c", {2, 1, 1}, {1, 2});
        m.node("Neg", {"r"}, {"n"});
        m.node("Max", {"r", "c", "n"}, {"y"});
      },
      [](Model& m) { set_ints(m.node("ReduceMax", {"r"}, {"y"}), "axes", {1}); },
      [](Model& m) {
        m.constant_integers("k", {1});
        m.node("TopK", {"r", "k"}, {"y"});
      },
      [](Model& m) {
        set_ints(m.node("ReduceMean", {"r"}, {"y"}), "axes", {1, -1});
      },
      [](Model& m) {
        m.constant_integers("a", {0}).constant_integers("b", {1}).constant_integers("axis", {1});
        m.node("Slice", {"r", "a", "b", "axis"}, {"y"});
      },
      [](Model& m) {
        m.constant_integers("p", {0, 1, 0, 0, 0, 0, 0, 2});
        m.node("Pad", {"r", "p"}, {"y"});
      },
      [](Model& m) {
        set_ints(m.node("Transpose", {"r"}, {"y"}), "perm", {0, 3, 2, 1});
      },
      [](Model& m) { m.node("Flatten", {"r"}, {"y"}); },
      [](Model& m) {
        m.constant_integers("s", {-1, 4});
        m.node("Reshape", {"r", "s"}, {"y"});
      },
      // the shape as exporters write it: the number of rows, and what is left
      [](Model& m) {
        m.constant_integers("zero", {0}).constant_integers("open", {-1});
        m.node("Shape", {"r"}, {"shape"});
        m.node("Gather", {"shape", "zero"}, {"rows"});
        set_int(m.node("Concat", {"rows", "open"}, {"s"}), "axis", 0);
        m.node("Reshape", {"r", "s"}, {"y"});
      },
  };
}

}  // namespace geolip::test
