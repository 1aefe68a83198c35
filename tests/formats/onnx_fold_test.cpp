#include <formats/onnx_builder.hpp>

namespace geolip {
namespace {

using test::Model;
using test::set_float;
using test::set_int;
using test::set_ints;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;
using Values = std::vector<double>;

/// Constants are looked at, folded, by subtracting an input of zeros.
class OnnxFold : public test::Onnx {
 protected:
  /// The value of 'c' of the model, `size` real numbers.
  Values value(Model& m, std::int64_t size) const {
    Model::add_value(*m.graph().mutable_input(0), "x", {size});
    m.constant_integers("flat", {-1});
    m.node("Reshape", {"c", "flat"}, {"c_flat"});
    m.node("Sub", {"c_flat", "x"}, {"y"});
    return evaluate(m, Values(static_cast<std::size_t>(size), 0.0));
  }
  /// The value of one operator of a = [1 2; 3 4] and b.
  Values binary(const std::string& op, const std::vector<std::int64_t>& shape,
                const std::vector<float>& b) const {
    Model m({});
    m.graph().mutable_input(0)->Clear();
    m.constant("a", {2, 2}, {1, 2, 3, 4}).constant("b", shape, b);
    m.node(op, {"a", "b"}, {"c"});
    return value(m, 4);
  }
  Model empty() const {
    Model m({});
    m.graph().mutable_input(0)->Clear();
    return m;
  }
};

TEST_F(OnnxFold, ElementaryOperators) {
  EXPECT_EQ(binary("Add", {2}, {10, 20}), (Values{11, 22, 13, 24}));
  EXPECT_EQ(binary("Sub", {2, 1}, {1, 2}), (Values{0, 1, 1, 2}));
  EXPECT_EQ(binary("Mul", {}, {3}), (Values{3, 6, 9, 12}));
  EXPECT_EQ(binary("Div", {1, 2}, {2, 4}), (Values{0.5, 0.5, 1.5, 1}));
  EXPECT_EQ(binary("Pow", {}, {2}), (Values{1, 4, 9, 16}));
}

TEST_F(OnnxFold, UnaryOperators) {
  const std::vector<std::pair<const char*, Values>> expected{
      {"Neg", {-4, -16}}, {"Sqrt", {2, 4}},     {"Abs", {4, 16}}, {"Reciprocal", {0.25, 0.0625}},
      {"Relu", {4, 16}},  {"Identity", {4, 16}}};
  for (const auto& [op, result] : expected) {
    Model m = empty();
    m.constant("a", {2}, {4, 16});
    m.node(op, {"a"}, {"c"});
    EXPECT_EQ(value(m, 2), result) << op;
  }
}

TEST_F(OnnxFold, Reductions) {
  const std::vector<std::pair<const char*, Values>> expected{
      {"ReduceSum", {4, -2}},   {"ReduceMean", {2, -1}}, {"ReduceMax", {3, 4}},        {"ReduceMin", {1, -6}},
      {"ReduceProd", {3, -24}}, {"ReduceL1", {4, 10}},   {"ReduceSumSquare", {10, 52}}};
  for (const auto& [op, result] : expected) {
    Model by_attribute = empty();
    by_attribute.constant("a", {2, 2}, {1, 4, 3, -6});
    set_ints(by_attribute.node(op, {"a"}, {"c"}), "axes", {0});
    by_attribute.proto().mutable_opset_import(0)->set_version(11);
    EXPECT_EQ(value(by_attribute, 2), result) << op;
    Model by_input = empty();
    by_input.proto().mutable_opset_import(0)->set_version(18);
    by_input.constant("a", {2, 2}, {1, 4, 3, -6}).constant_integers("axes", {-2});
    set_int(by_input.node(op, {"a", "axes"}, {"c"}), "keepdims", 0);
    EXPECT_EQ(value(by_input, 2), result) << op;
  }
  Model all = empty();
  all.constant("a", {2, 2}, {1, 1, 1, 1});
  all.node("ReduceL2", {"a"}, {"c"});
  EXPECT_EQ(value(all, 1), (Values{2}));
}

TEST_F(OnnxFold, Products) {
  EXPECT_EQ(binary("MatMul", {2, 2}, {0, 1, 1, 0}), (Values{2, 1, 4, 3}));
  Model vector = empty();
  vector.constant("a", {2}, {1, 2}).constant("b", {2}, {3, 4});
  vector.node("MatMul", {"a", "b"}, {"c"});
  EXPECT_EQ(value(vector, 1), (Values{11}));
  Model gemm = empty();
  gemm.constant("a", {2, 1}, {1, 2}).constant("b", {2, 2}, {1, 2, 3, 4}).constant("k", {2}, {1, 1});
  auto& n = gemm.node("Gemm", {"a", "b", "k"}, {"c"});
  set_int(n, "transA", 1);
  set_int(n, "transB", 1);
  set_float(n, "alpha", 2.0F);
  set_float(n, "beta", 3.0F);
  EXPECT_EQ(value(gemm, 2), (Values{13, 25}));
}

TEST_F(OnnxFold, Layout) {
  Model transpose = empty();
  transpose.constant("a", {2, 3}, {1, 2, 3, 4, 5, 6});
  transpose.node("Transpose", {"a"}, {"c"});
  EXPECT_EQ(value(transpose, 6), (Values{1, 4, 2, 5, 3, 6}));
  Model gather = empty();
  gather.constant("a", {2, 3}, {1, 2, 3, 4, 5, 6}).constant_integers("i", {-1, 0});
  set_int(gather.node("Gather", {"a", "i"}, {"c"}), "axis", 1);
  EXPECT_EQ(value(gather, 4), (Values{3, 1, 6, 4}));
  Model concat = empty();
  concat.constant("a", {2, 1}, {1, 2}).constant("b", {2, 2}, {3, 4, 5, 6});
  set_int(concat.node("Concat", {"a", "b"}, {"c"}), "axis", -1);
  EXPECT_EQ(value(concat, 6), (Values{1, 3, 4, 2, 5, 6}));
  Model expand = empty();
  expand.constant("a", {2, 1}, {1, 2}).constant_integers("s", {1, 2});
  expand.node("Expand", {"a", "s"}, {"c"});
  EXPECT_EQ(value(expand, 4), (Values{1, 1, 2, 2}));
  Model fill = empty();
  fill.constant_integers("s", {1, 2});
  auto* a = fill.node("ConstantOfShape", {"s"}, {"c"}).add_attribute();
  a->set_name("value");
  a->set_type(onnx::AttributeProto::TENSOR);
  *a->mutable_t() = Model::floats("", {1}, {7});
  EXPECT_EQ(value(fill, 2), (Values{7, 7}));
}

TEST_F(OnnxFold, Slices) {
  const auto slice = [this](const std::vector<std::int64_t>& starts, const std::vector<std::int64_t>& ends,
                            const std::vector<std::int64_t>& steps, std::int64_t size) {
    Model m = empty();
    m.constant("a", {5}, {0, 1, 2, 3, 4}).constant_integers("s", starts).constant_integers("e", ends);
    m.constant_integers("axes", {0}).constant_integers("steps", steps);
    m.node("Slice", {"a", "s", "e", "axes", "steps"}, {"c"});
    return value(m, size);
  };
  EXPECT_EQ(slice({1}, {3}, {1}, 2), (Values{1, 2}));
  EXPECT_EQ(slice({-2}, {1LL << 62}, {1}, 2), (Values{3, 4}));
  EXPECT_EQ(slice({0}, {5}, {2}, 3), (Values{0, 2, 4}));
  EXPECT_EQ(slice({4}, {-6}, {-1}, 5), (Values{4, 3, 2, 1, 0}));
  EXPECT_EQ(slice({100}, {std::numeric_limits<std::int64_t>::min()}, {-3}, 2), (Values{4, 1}));
  EXPECT_EQ(slice({0}, {5}, {std::numeric_limits<std::int64_t>::max()}, 1), (Values{0}));
  Model old = empty();
  old.constant("a", {2, 2}, {1, 2, 3, 4});
  auto& n = old.node("Slice", {"a"}, {"c"});
  set_ints(n, "starts", {1});
  set_ints(n, "ends", {2});
  set_ints(n, "axes", {1});
  old.proto().mutable_opset_import(0)->set_version(9);
  EXPECT_EQ(value(old, 2), (Values{2, 4}));
}

TEST_F(OnnxFold, CastsRoundAsTheirTypes) {
  const auto cast = [this](float v, int to) {
    Model m = empty();
    m.constant("a", {1}, {v});
    set_int(m.node("Cast", {"a"}, {"b"}), "to", to);
    set_int(m.node("Cast", {"b"}, {"c"}), "to", onnx::TensorProto::DOUBLE);
    return value(m, 1)[0];
  };
  EXPECT_EQ(cast(-2.75F, onnx::TensorProto::INT64), -2.0);
  EXPECT_EQ(cast(0.5F, onnx::TensorProto::BOOL), 1.0);
  EXPECT_EQ(cast(1.0F + 0x1p-11F, onnx::TensorProto::FLOAT16), 1.0);  // a tie goes to the even neighbour
  EXPECT_EQ(cast(1.0F + 0x1.8p-10F, onnx::TensorProto::FLOAT16), 1.0 + 0x1p-9);
  EXPECT_EQ(cast(0x1p-25F, onnx::TensorProto::FLOAT16), 0.0);
  EXPECT_EQ(cast(1.0F + 0x1p-7F, onnx::TensorProto::BFLOAT16), 1.0 + 0x1p-7);
}

TEST_F(OnnxFold, WeightsNormalisedInTheGraph) {
  // w / sigma with sigma = u' (w v), the way spectral normalisation is exported
  Model m({1, 2});
  m.constant("w", {2, 2}, {2, 0, 0, 4}).constant("u", {2}, {0, 1}).constant("v", {2}, {0, 1});
  m.node("MatMul", {"w", "v"}, {"wv"});
  m.node("MatMul", {"u", "wv"}, {"sigma"});
  m.node("Div", {"w", "sigma"}, {"wn"});
  set_int(m.node("Gemm", {"x", "wn"}, {"y"}), "transB", 1);
  EXPECT_EQ(evaluate(m, {1, 1}), (Values{0.5, 1}));
}

TEST_F(OnnxFold, RoundingIsNoticed) {
  // the weight op(a, b), or op(a) where b is empty
  const auto rounded = [&](const std::string& op, const std::vector<float>& a,
                           const std::vector<float>& b = {}) {
    Model m({1, 2});
    m.constant("a", {1, 2}, a);
    if (!b.empty()) m.constant("b", {1, 2}, b);
    m.node(op, b.empty() ? std::vector<std::string>{"a"} : std::vector<std::string>{"a", "b"}, {"w"});
    set_int(m.node("Gemm", {"x", "w"}, {"y"}), "transB", 1);
    return read(m).source.rounded;
  };
  const float third = 1.0F / 3.0F;
  EXPECT_FALSE(rounded("Identity", {third, 2}));
  EXPECT_FALSE(rounded("Mul", {third, 2}, {third, 7}));  // 48 bits
  EXPECT_FALSE(rounded("Add", {third, 2}, {1, 7}));
  EXPECT_FALSE(rounded("Div", {third, 3}, {4, 1.5F}));
  EXPECT_FALSE(rounded("Neg", {third, 2}));
  EXPECT_FALSE(rounded("Sqrt", {4, 2.25F}));
  EXPECT_FALSE(rounded("Reciprocal", {4, 0.5F}));
  EXPECT_TRUE(rounded("Add", {third, 2}, {0x1p-60F, 7}));
  EXPECT_TRUE(rounded("Sub", {third, 2}, {0x1p-60F, 7}));
  EXPECT_TRUE(rounded("Div", {1, 3}, {3, 1.5F}));
  EXPECT_TRUE(rounded("Pow", {third, 2}, {2, 2}));
  EXPECT_TRUE(rounded("Sqrt", {2, 4}));
  EXPECT_TRUE(rounded("Reciprocal", {3, 1}));
  EXPECT_TRUE(rounded("Tanh", {1e-20F, 1}));
  EXPECT_TRUE(rounded("Exp", {1, 2}));
}

TEST_F(OnnxFold, SumsAndProductsOfMatricesCountAsRounded) {
  for (const char* op : {"MatMul", "Gemm", "ReduceSum", "ReduceL2", "ReduceMax"}) {
    const bool product = op == std::string("MatMul") || op == std::string("Gemm");
    Model m({1, 2}, 12);
    m.constant("a", {2, 2}, {1, 2, 3, 4});
    auto& node = product ? m.node(op, {"a", "a"}, {"w"}) : m.node(op, {"a"}, {"w"});
    if (!product) test::set_ints(node, "axes", {0});
    m.node("Mul", {"w", "x"}, {"y"});
    if (product) {
      m.graph().mutable_node(1)->set_op_type("MatMul");
      m.graph().mutable_node(1)->set_input(0, "x");
      m.graph().mutable_node(1)->set_input(1, "w");
    }
    EXPECT_EQ(read(m).source.rounded, op != std::string("ReduceMax")) << op;
  }
}

TEST_F(OnnxFold, CastsThatRoundCountAsRounded) {
  for (const float v : {0.5F, 1.0F / 3.0F}) {
    Model m({1, 1});
    m.constant("w", {1, 1}, {v});
    set_int(m.node("Cast", {"w"}, {"h"}), "to", onnx::TensorProto::FLOAT16);
    set_int(m.node("Cast", {"h"}, {"f"}), "to", onnx::TensorProto::FLOAT);
    m.node("Gemm", {"x", "f"}, {"y"});
    EXPECT_EQ(read(m).source.rounded, v != 0.5F);
  }
}

TEST_F(OnnxFold, ReductionsOfIntegersAreExactOrRefused) {
  const auto reduced = [&](const std::string& op, const std::vector<std::int64_t>& values) {
    Model m({1, 1});
    m.constant_integers("i", values);
    m.node(op, {"i"}, {"r"});
    set_int(m.node("Cast", {"r"}, {"f"}), "to", onnx::TensorProto::FLOAT);
    m.node("Mul", {"x", "f"}, {"y"});
    return refused(m);
  };
  constexpr std::int64_t large = std::int64_t{1} << 53;
  EXPECT_THAT(reduced("ReduceSum", {large, 1, -large}), HasSubstr("a reduction of integers is not exact"));
  EXPECT_THAT(reduced("ReduceL2", {3, 4}), HasSubstr("operator ReduceL2 on integers is not supported"));
}

TEST_F(OnnxFold, RoundingIsPassedOn) {
  Model m({1, 2});
  m.constant("w", {2, 1}, {2, 3}).constant("s", {1, 1}, {3});
  m.node("Div", {"w", "s"}, {"d"});
  m.node("Transpose", {"d"}, {"t"});
  set_int(m.node("Gemm", {"x", "t"}, {"y"}), "transB", 1);
  EXPECT_TRUE(read(m).source.rounded);
}

TEST_F(OnnxFold, ConstantNodesInAllForms) {
  for (const int form : {0, 1, 2}) {
    Model m = empty();
    auto* a = m.node("Constant", {}, {"c"}).add_attribute();
    if (form == 0) {
      a->set_name("value");
      a->set_type(onnx::AttributeProto::TENSOR);
      *a->mutable_t() = Model::floats("", {1}, {3});
    } else if (form == 1) {
      a->set_name("value_float");
      a->set_type(onnx::AttributeProto::FLOAT);
      a->set_f(3);
    } else {
      a->set_name("value_floats");
      a->set_type(onnx::AttributeProto::FLOATS);
      a->add_floats(3);
    }
    EXPECT_EQ(value(m, 1), (Values{3})) << form;
  }
}

TEST_F(OnnxFold, IntegersDoNotWrapAround) {
  Model m = empty();
  m.constant_integers("a", {std::numeric_limits<std::int64_t>::max()});
  m.node("Mul", {"a", "a"}, {"b"});
  set_int(m.node("Cast", {"b"}, {"c"}), "to", onnx::TensorProto::FLOAT);
  Model::add_value(*m.graph().mutable_input(0), "x", {1});
  m.node("Add", {"x", "c"}, {"y"});
  EXPECT_THAT(refused(m), HasSubstr("b_node: operator Mul of the integers 9223372036854775807 and"));
}

TEST_F(OnnxFold, HugeResultsAreRefusedBeforeTheyAreMade) {
  Model m({1});
  m.constant_integers("s", {1LL << 40});
  m.node("ConstantOfShape", {"s"}, {"c"});
  m.node("ReduceSum", {"c"}, {"d"});
  m.node("Add", {"x", "d"}, {"y"});
  EXPECT_THAT(refused(m),
              HasSubstr("c_node: this asks for 1099511627776 numbers, far more than a file of this size"));
  Model outer({1});
  outer.constant("a", {4096, 1}, std::vector<float>(4096, 1.0F))
      .constant("b", {1, 4096}, std::vector<float>(4096, 1.0F));
  outer.node("Mul", {"a", "b"}, {"c"});
  outer.node("MatMul", {"c", "c"}, {"d"});
  outer.node("ReduceSum", {"d"}, {"e"});
  outer.node("Add", {"x", "e"}, {"y"});
  EXPECT_THAT(refused(outer), HasSubstr("far more than a file of this size can mean"));
}

TEST_F(OnnxFold, UnknownOperatorsOfConstantsAreRefused) {
  Model m({1});
  m.constant("a", {1}, {1});
  m.node("Einsum", {"a"}, {"c"});
  m.node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(m), "c_node: operator Einsum is not supported on constants");
}

TEST_F(OnnxFold, TensorsWithoutNumbersAreNoWork) {
  // each of these once took about 10^18 steps or numbers
  constexpr std::int64_t huge = std::int64_t{1} << 60U;
  const auto refused_with = [this](const std::vector<std::int64_t>& shape, const auto& add_node) {
    Model m = empty();
    m.constant_integers("shape", shape);
    m.node("ConstantOfShape", {"shape"}, {"e"});
    add_node(m);
    m.node("Sub", {"c", "x"}, {"y"});
    Model::add_value(*m.graph().mutable_input(0), "x", {1});
    return refused(m);
  };
  EXPECT_THAT(refused_with({huge, 1, 0},
                           [](Model& m) {
                             m.constant_integers("i", {0});
                             set_int(m.node("Gather", {"e", "i"}, {"c"}), "axis", 1);
                           }),
              HasSubstr("holds no numbers"));
  EXPECT_THAT(refused_with({huge, 0},
                           [](Model& m) {
                             set_int(m.node("Concat", {"e", "e"}, {"c"}), "axis", 1);
                           }),
              HasSubstr("holds no numbers"));
  EXPECT_THAT(refused_with({0, huge},
                           [](Model& m) {
                             auto& n = m.node("ReduceSum", {"e"}, {"c"});
                             set_ints(n, "axes", {0});
                           }),
              HasSubstr("holds no numbers"));
  EXPECT_THAT(refused_with({0, huge},
                           [](Model& m) {
                             m.constant_integers("from", {0}).constant_integers("to", {huge});
                             m.constant_integers("axis", {1});
                             m.node("Slice", {"e", "from", "to", "axis"}, {"c"});
                           }),
              HasSubstr("holds no numbers"));
  EXPECT_THAT(refused_with({huge, 0},
                           [](Model& m) {
                             m.constant("b", {0, 0}, {});
                             m.node("MatMul", {"e", "b"}, {"c"});
                           }),
              HasSubstr("holds no numbers"));
}

TEST_F(OnnxFold, SmallTensorsWithoutNumbersAreUnderstood) {
  Model m = empty();
  m.constant("none", {0, 2}, {}).constant("a", {1, 2}, {3, 4});
  set_int(m.node("Concat", {"none", "a"}, {"c"}), "axis", 0);
  EXPECT_EQ(value(m, 2), (Values{3, 4}));
  Model gathered = empty();
  gathered.constant("none", {2, 1, 0}, {}).constant("a", {2, 1, 1}, {3, 4}).constant_integers("i", {0});
  set_int(gathered.node("Gather", {"none", "i"}, {"g"}), "axis", 1);
  set_int(gathered.node("Concat", {"g", "a"}, {"c"}), "axis", 2);
  EXPECT_EQ(value(gathered, 2), (Values{3, 4}));
}

TEST_F(OnnxFold, CopiesCountAgainstTheBudget) {
  // 4 million zeros, copied again and again
  Model m = empty();
  m.constant_integers("shape", {1 << 22}).constant_integers("none", {});
  m.node("ConstantOfShape", {"shape"}, {"e0"});
  for (int i = 0; i < 8; ++i) {
    auto& n = m.node("ReduceSum", {"e" + std::to_string(i), "none"}, {"e" + std::to_string(i + 1)});
    set_int(n, "noop_with_empty_axes", 1);
  }
  m.node("ReduceSum", {"e8"}, {"c"});
  m.node("Sub", {"c", "x"}, {"y"});
  Model::add_value(*m.graph().mutable_input(0), "x", {1});
  EXPECT_THAT(refused(m), HasSubstr("asks for 4194304 numbers, far more than a file of this size can mean"));
}

}  // namespace
}  // namespace geolip
