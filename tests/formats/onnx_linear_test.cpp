#include <formats/onnx_builder.hpp>

#include <numeric>

namespace geolip {
namespace {

using test::Model;
using test::set_float;
using test::set_int;
using test::set_ints;
using test::set_string;
using ::testing::HasSubstr;
using Values = std::vector<double>;

class OnnxLinear : public test::Onnx {};

// W = [1 2 3; 4 5 6], x = (1, 10, 100): W x = (321, 654)
const std::vector<float> w{1, 2, 3, 4, 5, 6};
const std::vector<float> w_transposed{1, 4, 2, 5, 3, 6};
const Values x{1, 10, 100};
const Values wx{321, 654};

TEST_F(OnnxLinear, GemmInAllFourTranspositions) {
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      Model m(trans_a ? std::vector<std::int64_t>{3, 1} : std::vector<std::int64_t>{1, 3});
      m.constant("w", trans_b ? std::vector<std::int64_t>{2, 3} : std::vector<std::int64_t>{3, 2},
                 trans_b ? w : w_transposed);
      auto& n = m.node("Gemm", {"x", "w"}, {"y"});
      set_int(n, "transA", trans_a ? 1 : 0);
      set_int(n, "transB", trans_b ? 1 : 0);
      EXPECT_EQ(evaluate(m, x), wx) << trans_a << trans_b;
    }
  }
}

TEST_F(OnnxLinear, GemmWithTheWeightOnTheLeft) {
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      Model m(trans_b ? std::vector<std::int64_t>{1, 3} : std::vector<std::int64_t>{3, 1});
      m.constant("w", trans_a ? std::vector<std::int64_t>{3, 2} : std::vector<std::int64_t>{2, 3},
                 trans_a ? w_transposed : w);
      m.constant("c", {2, 1}, {1, 2});
      auto& n = m.node("Gemm", {"w", "x", "c"}, {"y"});
      set_int(n, "transA", trans_a ? 1 : 0);
      set_int(n, "transB", trans_b ? 1 : 0);
      EXPECT_EQ(evaluate(m, x), (Values{322, 656})) << trans_a << trans_b;
    }
  }
}

TEST_F(OnnxLinear, GemmScalesAndBroadcastsItsAddend) {
  const std::vector<std::pair<std::vector<std::int64_t>, std::vector<float>>> addends{
      {{}, {4}}, {{1}, {4}}, {{1, 1}, {4}}, {{2}, {4, 6}}, {{1, 2}, {4, 6}}};
  for (const auto& [shape, values] : addends) {
    Model m({1, 3});
    m.constant("w", {2, 3}, w).constant("c", shape, values);
    auto& n = m.node("Gemm", {"x", "w", "c"}, {"y"});
    set_int(n, "transB", 1);
    set_float(n, "alpha", 2.0F);
    set_float(n, "beta", 0.5F);
    EXPECT_EQ(evaluate(m, x), (Values{644, 1308.0 + (values.size() == 2 ? 3 : 2)}));
  }
}

TEST_F(OnnxLinear, GemmNotesWhatItsAlphaRounds) {
  for (const bool wide : {false, true}) {
    Model m({1, 1});
    if (wide) {
      onnx::TensorProto& weight = *m.graph().add_initializer();
      weight.set_name("w");
      weight.set_data_type(onnx::TensorProto::DOUBLE);
      weight.add_dims(1);
      weight.add_dims(1);
      weight.add_double_data(1.0 / 3.0);
    } else {
      m.constant("w", {1, 1}, {1.0F / 3.0F});
    }
    set_float(m.node("Gemm", {"x", "w"}, {"y"}), "alpha", 0.1F);
    EXPECT_EQ(read(m).source.rounded, wide);
  }
}

TEST_F(OnnxLinear, GemmRefusesWhatDoesNotFit) {
  Model inner({1, 4});
  inner.constant("w", {3, 2}, w);
  inner.node("Gemm", {"x", "w"}, {"y"});
  EXPECT_EQ(refused(inner), "y_node: weight is 3x2, which does not fit its input of 1x4");
  Model addend({1, 3});
  addend.constant("w", {3, 2}, w).constant("c", {3}, {1, 2, 3});
  addend.node("Gemm", {"x", "w", "c"}, {"y"});
  EXPECT_THAT(refused(addend), HasSubstr("y_node: operands of 3 and 1x2 do not broadcast"));
  Model rank({1, 1, 3});
  rank.constant("w", {3, 2}, w);
  rank.node("Gemm", {"x", "w"}, {"y"});
  EXPECT_EQ(refused(rank), "y_node: operator Gemm needs matrices but has 1x1x3 and 3x2");
}

TEST_F(OnnxLinear, MatMulOnEitherSideInEveryRank) {
  const std::vector<std::vector<std::int64_t>> rows{{3}, {1, 3}, {1, 1, 3}, {1, 1, 1, 3}};
  for (const auto& shape : rows) {
    Model m(shape);
    m.constant("w", {3, 2}, w_transposed);
    m.node("MatMul", {"x", "w"}, {"y"});
    EXPECT_EQ(evaluate(m, x), wx) << shape.size();
  }
  const std::vector<std::vector<std::int64_t>> columns{{3}, {3, 1}, {1, 3, 1}};
  for (const auto& shape : columns) {
    Model m(shape);
    m.constant("w", {2, 3}, w);
    m.node("MatMul", {"w", "x"}, {"y"});
    EXPECT_EQ(evaluate(m, x), wx) << shape.size();
  }
}

TEST_F(OnnxLinear, MatMulWithAVectorDropsTheDimension) {
  Model m({1, 3});
  m.constant("w", {3}, {1, 2, 3}).constant("c", {1}, {5});
  m.node("MatMul", {"x", "w"}, {"h"});
  m.node("Add", {"h", "c"}, {"y"});
  EXPECT_EQ(evaluate(m, x), (Values{326}));
}

TEST_F(OnnxLinear, AddAfterAProductBecomesItsBiasInEitherOrder) {
  for (const bool first : {false, true}) {
    Model m({1, 3});
    m.constant("w", {3, 2}, w_transposed).constant("b", {2}, {1, 2});
    m.node("MatMul", {"x", "w"}, {"h"});
    m.node("Add", first ? std::vector<std::string>{"b", "h"} : std::vector<std::string>{"h", "b"}, {"y"});
    const Network n = network(m);
    EXPECT_EQ(n.layers().size(), 1U);
    EXPECT_EQ(n.layers()[0].name, "h_node");
    EXPECT_EQ(n.evaluate(x), (Values{322, 656}));
  }
}

TEST_F(OnnxLinear, ABiasFindsItsNeuronThroughATranspose) {
  // the product's 1x4 result seen as 2x2, transposed: the addend's order is not the neurons'
  Model m({1, 1});
  m.constant("w", {1, 4}, {1, 2, 3, 4})
      .constant_integers("s", {2, 2})
      .constant("b", {2, 2}, {10, 20, 30, 40});
  m.node("MatMul", {"x", "w"}, {"h"});
  m.node("Reshape", {"h", "s"}, {"r"});
  m.node("Transpose", {"r"}, {"t"});
  m.node("Add", {"t", "b"}, {"y"});
  EXPECT_EQ(evaluate(m, {1}), (Values{11, 23, 32, 44}));
}

// x = 1, ..., 12 as four vectors of 3, or as two blocks of 3 x 2
TEST_F(OnnxLinear, MatMulTakesEveryVectorOfOneInput) {
  Values entries(12);
  std::iota(entries.begin(), entries.end(), 1.0);
  const std::vector<std::vector<std::int64_t>> shapes{{1, 4, 3}, {1, 2, 2, 3}, {Model::symbolic, 4, 3}};
  for (const auto& shape : shapes) {
    Model m(shape);
    m.constant("w", {3, 2}, w_transposed);
    m.node("MatMul", {"x", "w"}, {"y"});
    EXPECT_EQ(evaluate(m, entries), (Values{14, 32, 32, 77, 50, 122, 68, 167})) << shape.size();
  }
  Model columns({1, 2, 3, 2});
  columns.constant("w", {2, 3}, w);
  columns.node("MatMul", {"w", "x"}, {"y"});
  EXPECT_EQ(evaluate(columns, entries), (Values{22, 28, 49, 64, 58, 64, 139, 154}));
}

TEST_F(OnnxLinear, MatMulOfVectorsByAVector) {
  const Values entries{1, 2, 3, 4, 5, 6};
  Model left({1, 2, 3});
  left.constant("w", {3}, {1, 10, 100}).constant("b", {2}, {1000, 2000});
  left.node("MatMul", {"x", "w"}, {"h"});
  left.node("Add", {"h", "b"}, {"y"});
  EXPECT_EQ(evaluate(left, entries), (Values{1321, 2654}));
  Model right({1, 3, 2});
  right.constant("w", {3}, {1, 10, 100}).constant("b", {2}, {1000, 2000});
  right.node("MatMul", {"w", "x"}, {"h"});
  right.node("Add", {"h", "b"}, {"y"});
  EXPECT_EQ(evaluate(right, entries), (Values{1531, 2642}));
}

// As PyTorch exports a Linear on sequences.
TEST_F(OnnxLinear, ALayerOnSequences) {
  Model m({Model::symbolic, 2, 3});
  m.constant("w", {3, 2}, w_transposed).constant("b", {2}, {-20, 1}).constant("v", {2, 1}, {1, 100});
  m.node("MatMul", {"x", "w"}, {"h"});
  m.node("Add", {"h", "b"}, {"a"});
  m.node("Relu", {"a"}, {"r"});
  m.node("MatMul", {"r", "v"}, {"y"});
  // (14, 32) and (32, 77) before the bias
  EXPECT_EQ(evaluate(m, {1, 2, 3, 4, 5, 6}), (Values{3300, 7812}));
}

TEST_F(OnnxLinear, SeveralRowsAreABatchOrRefused) {
  Model batch({16, 3});
  batch.constant("w", {3, 2}, w_transposed);
  batch.node("MatMul", {"x", "w"}, {"y"});
  const NetworkFile file = read(batch);
  EXPECT_EQ(file.network.evaluate(x), wx);
  EXPECT_THAT(file.facts, ::testing::Contains(::testing::Pair("batch", "16, treated as 1")));
  Model sequences({16, 2, 3});
  sequences.constant("w", {3, 2}, w_transposed);
  sequences.node("MatMul", {"x", "w"}, {"y"});
  EXPECT_EQ(read(sequences).network.inputs(), 6);
  Model rows({1, 6});
  rows.constant("w", {3, 2}, w_transposed).constant_integers("s", {2, 3});
  rows.node("Reshape", {"x", "s"}, {"r"});
  rows.node("MatMul", {"r", "w"}, {"y"});
  EXPECT_EQ(refused(rows),
            "y_node: operator MatMul meets data of 2x3, that is 2 rows at once, which is not supported");
}

TEST_F(OnnxLinear, AColumnIsNotTakenForABatch) {
  Model m({3, 1});
  m.constant("w", {3, 3}, {0, 1, 0, 0, 0, 1, 1, 0, 0});
  m.node("MatMul", {"w", "x"}, {"y"});
  EXPECT_EQ(evaluate(m, x), (Values{10, 100, 1}));
}

TEST_F(OnnxLinear, ASymbolicBatchCountsAsOne) {
  Model m({Model::symbolic, 3});
  m.constant("w", {3, 2}, w_transposed);
  m.node("MatMul", {"x", "w"}, {"y"});
  EXPECT_EQ(evaluate(m, x), wx);
  Model inner({1, Model::symbolic});
  inner.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(inner), "input 'x' has no number for its size in dimension 1");
}

TEST_F(OnnxLinear, ConvolutionsThatSeeAllAreProducts) {
  // channels 1 and 2 of a 1x3 input, two filters
  Model m({1, 2, 1, 3});
  m.constant("w", {2, 2, 1, 3}, {1, 2, 3, 4, 5, 6, 1, 0, 0, 0, 0, 1}).constant("b", {2}, {0.5, -0.5});
  auto& n = m.node("Conv", {"x", "w", "b"}, {"h"});
  set_ints(n, "kernel_shape", {1, 3});
  set_ints(n, "pads", {0, 0, 0, 0});
  set_ints(n, "strides", {7, 7});
  set_string(n, "auto_pad", "VALID");
  m.constant("w2", {1, 2, 1, 1}, {1, 100});
  m.node("Conv", {"h", "w2"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, 1, 1, 1, 1, 2}), (Values{27.5 + 100 * 2.5}));
}

TEST_F(OnnxLinear, WeightsWithoutOutputsAreRefusedAtOnce) {
  Model m({1, 2});
  m.constant("none", {2, 0}, {}).constant("after", {0, 3}, {});
  m.node("MatMul", {"x", "none"}, {"h"});
  m.node("MatMul", {"h", "after"}, {"y"});
  EXPECT_EQ(refused(m), "h_node: the weight has no outputs");
}

}  // namespace
}  // namespace geolip
