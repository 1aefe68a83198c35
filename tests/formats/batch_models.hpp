/// \file
/// Models in which the rows of a batch meet: read with one row they would be other functions.
#pragma once

#include <formats/onnx_builder.hpp>

#include <functional>
#include <utility>
#include <vector>

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
      [](Model& m) { m.node("ReduceSum", {"r"}, {"y"}); },
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
        m.constant_integers("s", {3, -1, 2});
        m.constant_integers("p", {0, 0, 0, 0, 0, 0, 0, 1});
        m.node("Pad", {"r", "p"}, {"padded"});
        m.node("Reshape", {"padded", "s"}, {"y"});
      },
      [](Model& m) {
        m.constant("scales", {4}, {2, 1, 1, 1}).constant("roi", {0}, {});
        set_string(m.node("Resize", {"r", "roi", "scales"}, {"y"}), "mode", "nearest");
      },
  };
}

/// An image of a batch of four rows, reshaped to sizes that count them, and the mean over what lies behind.
inline Model reshaped_rows(std::vector<std::int64_t> sizes) {
  return mixed(4, [&](Model& m) {
    m.constant_integers("s", sizes);
    m.node("Reshape", {"r", "s"}, {"f"});
    set_ints(m.node("ReduceMean", {"f"}, {"y"}), "axes", {-1});
  });
}

/// Reshapes that keep the four rows of four numbers whole, and the outputs that the mean then leaves of a
/// row.
inline std::vector<std::pair<std::vector<std::int64_t>, Index>> whole_rows() {
  return {{{4, -1}, 1}, {{4, 4}, 1}, {{4, 2, -1}, 2}, {{8, -1}, 2}, {{-1, 2}, 2}, {{0, -1}, 1}, {{16, 1}, 4}};
}

/// Reshapes that put numbers of several rows beside each other.
inline std::vector<std::vector<std::int64_t>> torn_rows() {
  return {{2, -1}, {1, -1}, {6, -1}, {2, 8}, {1, 4, 4}, {-1, 8}};
}

/// Shapes and numbers with the number of rows in them where it has no place.
inline std::vector<std::function<void(Model&)>> counts_of_rows() {
  const auto rows = [](Model& m) {
    m.constant_integers("zero", {0}).constant_integers("last", {3}).constant_integers("open", {-1});
    m.node("Shape", {"r"}, {"shape"});
    m.node("Gather", {"shape", "zero"}, {"rows"});
    m.node("Gather", {"shape", "last"}, {"width"});
  };
  return {
      [rows](Model& m) {
        rows(m);
        set_int(m.node("Cast", {"rows"}, {"number"}), "to", 1);
        m.node("Mul", {"r", "number"}, {"y"});
      },
      [rows](Model& m) {
        rows(m);
        set_int(m.node("Cast", {"rows"}, {"number"}), "to", 1);
        m.node("Expand", {"number", "shape"}, {"numbers"});
        m.node("Mul", {"r", "numbers"}, {"y"});
      },
      // a literal number in front, though a shape stands behind it
      [rows](Model& m) {
        rows(m);
        m.constant_integers("one", {1});
        set_int(m.node("Concat", {"one", "open", "width"}, {"s"}), "axis", 0);
        m.node("Reshape", {"r", "s"}, {"y"});
      },
      [rows](Model& m) {
        rows(m);
        set_int(m.node("Concat", {"open", "rows"}, {"s"}), "axis", 0);
        m.node("Reshape", {"r", "s"}, {"y"});
      },
  };
}

/// A GELU, were there one row; as many times as much with more of them.
inline Model gelu_times_rows(std::int64_t batch) {
  return mixed(batch, [](Model& m) {
    m.constant_integers("zero", {0});
    m.constant("half", {1}, {0.5}).constant("root", {1}, {0.70710678F}).constant("one", {1}, {1});
    m.node("Shape", {"r"}, {"shape"});
    m.node("Gather", {"shape", "zero"}, {"rows"});
    set_int(m.node("Cast", {"rows"}, {"number"}), "to", 1);
    m.node("Mul", {"number", "half"}, {"factor"});
    m.node("Mul", {"r", "root"}, {"scaled"});
    m.node("Erf", {"scaled"}, {"erf"});
    m.node("Add", {"erf", "one"}, {"sum"});
    m.node("Mul", {"r", "sum"}, {"product"});
    m.node("Mul", {"product", "factor"}, {"y"});
  });
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
      // a number for each element
      [](Model& m) {
        m.constant("two", {1}, {2});
        m.node("Shape", {"r"}, {"shape"});
        m.node("Expand", {"two", "shape"}, {"numbers"});
        m.node("Mul", {"r", "numbers"}, {"y"});
      },
      // of the shape's numbers those of a row alone
      [](Model& m) {
        m.constant_integers("last", {3});
        m.node("Shape", {"r"}, {"shape"});
        m.node("Gather", {"shape", "last"}, {"width"});
        set_int(m.node("Cast", {"width"}, {"number"}), "to", 1);
        m.node("Div", {"r", "number"}, {"y"});
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
