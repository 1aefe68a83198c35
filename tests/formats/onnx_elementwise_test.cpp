#include <formats/onnx_builder.hpp>

namespace geolip {
namespace {

using test::Model;
using test::set_float;
using test::set_int;
using ::testing::HasSubstr;
using Values = std::vector<double>;

class OnnxElementwise : public test::Onnx {
 protected:
  /// One operator of x = (1, 2, 4) and c = (2, 4, 8).
  Values apply(const std::string& op, bool constant_first) const {
    Model m({1, 3});
    m.constant("c", {3}, {2, 4, 8});
    m.node(op, constant_first ? std::vector<std::string>{"c", "x"} : std::vector<std::string>{"x", "c"},
           {"y"});
    return evaluate(m, {1, 2, 4});
  }
};

TEST_F(OnnxElementwise, ConstantsOnEitherSide) {
  EXPECT_EQ(apply("Add", false), (Values{3, 6, 12}));
  EXPECT_EQ(apply("Add", true), (Values{3, 6, 12}));
  EXPECT_EQ(apply("Sub", false), (Values{-1, -2, -4}));
  EXPECT_EQ(apply("Sub", true), (Values{1, 2, 4}));
  EXPECT_EQ(apply("Mul", false), (Values{2, 8, 32}));
  EXPECT_EQ(apply("Mul", true), (Values{2, 8, 32}));
  EXPECT_EQ(apply("Div", false), (Values{0.5, 0.5, 0.5}));
}

TEST_F(OnnxElementwise, AConstantDividedByDataIsRefused) {
  Model m({1, 3});
  m.constant("c", {}, {2});
  m.node("Div", {"c", "x"}, {"y"});
  EXPECT_EQ(refused(m), "y_node: operator Div divides a constant by data, which has no bounded slope");
  Model zero({1, 3});
  zero.constant("c", {3}, {2, 0, 1});
  zero.node("Div", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(zero), "y_node: operator Div divides by zero");
}

TEST_F(OnnxElementwise, AScaleCountsInTheBound) {
  Model m({1, 2});
  m.constant("c", {}, {-3});
  m.node("Mul", {"x", "c"}, {"y"});
  const Network n = network(m);
  EXPECT_EQ(n.gradient(Values{0, 0}, Values{1, 0}), (Values{-3, 0}));
}

TEST_F(OnnxElementwise, ConstantsAreBroadcastOverChannels) {
  Model m({1, 2, 1, 2});
  m.constant("c", {2, 1, 1}, {10, 100});
  m.node("Mul", {"x", "c"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, 2, 3, 4}), (Values{10, 20, 300, 400}));
}

TEST_F(OnnxElementwise, DataAreNotBroadcast) {
  Model m({1, 3});
  m.constant("c", {2, 3}, {1, 2, 3, 4, 5, 6});
  m.node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(m), "y_node: a constant of 2x3 would repeat data of 1x3, which is not supported");
  Model misfit({1, 3});
  misfit.constant("c", {2}, {1, 2});
  misfit.node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(misfit), "y_node: operands of 1x3 and 2 do not broadcast");
}

TEST_F(OnnxElementwise, WhatChangesNothingAddsNoLayer) {
  Model m({1, 2});
  m.constant("zero", {}, {0}).constant("one", {}, {1});
  m.node("Sub", {"x", "zero"}, {"a"});
  m.node("Div", {"a", "one"}, {"b"});
  m.node("Relu", {"b"}, {"y"});
  EXPECT_EQ(network(m).layers().size(), 1U);
}

TEST_F(OnnxElementwise, NegIsAScale) {
  Model m({1, 2});
  m.node("Neg", {"x"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, -2}), (Values{-1, 2}));
}

TEST_F(OnnxElementwise, OldVersionsBroadcastFromAnAxis) {
  Model m({1, 2, 2}, 6);
  m.constant("c", {2}, {10, 100});
  auto& n = m.node("Mul", {"x", "c"}, {"y"});
  set_int(n, "broadcast", 1);
  set_int(n, "axis", 1);
  EXPECT_EQ(evaluate(m, {1, 2, 3, 4}), (Values{10, 20, 300, 400}));
  Model strict({1, 2}, 6);
  strict.constant("c", {}, {1});
  strict.node("Add", {"x", "c"}, {"y"});
  EXPECT_THAT(refused(strict), HasSubstr("may not be broadcast"));
}

TEST_F(OnnxElementwise, NormalisationThatOnlyLooksLikeOneIsRounded) {
  for (const float epsilon : {0.0F, 1e-20F}) {
    Model m({1, 2});
    m.constant("s", {2}, {1, 2})
        .constant("b", {2}, {0, 0})
        .constant("m", {2}, {0, 0})
        .constant("v", {2}, {1, 4});
    set_float(m.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"n"}), "epsilon", epsilon);
    m.constant("w", {2, 1}, {1, -1});
    m.node("MatMul", {"n", "w"}, {"y"});
    EXPECT_EQ(read(m).source.rounded, epsilon > 0.0F);
  }
}

/// Two channels: scale (2, 3), bias (1, -1), mean (4, 5), variance (3, 15), epsilon 1.
Model batch_normalization(const std::vector<std::int64_t>& shape, int opset = 13) {
  Model m(shape, opset);
  m.constant("s", {2}, {2, 3})
      .constant("b", {2}, {1, -1})
      .constant("m", {2}, {4, 5})
      .constant("v", {2}, {3, 15});
  set_float(m.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}), "epsilon", 1.0F);
  return m;
}

TEST_F(OnnxElementwise, BatchNormalizationOfVectorsAndImages) {
  EXPECT_EQ(evaluate(batch_normalization({1, 2}), {4, 9}), (Values{1, 2}));
  EXPECT_EQ(evaluate(batch_normalization({1, 2, 1, 2}), {4, 6, 5, 9}), (Values{1, 3, -1, 2}));
}

TEST_F(OnnxElementwise, BatchNormalizationIsForInference) {
  Model training = batch_normalization({1, 2}, 15);
  set_int(*training.graph().mutable_node(0), "training_mode", 1);
  EXPECT_EQ(refused(training),
            "y_node: operator BatchNormalization is in training mode; export the network for inference");
  Model misfit = batch_normalization({1, 3});
  EXPECT_EQ(refused(misfit), "y_node: the scale is 2 but its input has 3 channels");
  Model variance = batch_normalization({1, 2});
  variance.graph().mutable_initializer(3)->set_float_data(1, -1.0F);
  EXPECT_EQ(refused(variance), "y_node: the variance of channel 1 is not positive");
}

TEST_F(OnnxElementwise, DropoutIsForInference) {
  Model m({1, 2}, 12);
  m.constant("ratio", {}, {0.5});
  onnx::TensorProto mode = Model::header("mode", {}, onnx::TensorProto::BOOL);
  mode.add_int32_data(0);
  m.tensor(mode);
  m.node("Dropout", {"x", "ratio", "mode"}, {"d", "mask"});
  m.node("Neg", {"d"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, 2}), (Values{-1, -2}));
  m.graph().mutable_initializer(1)->set_int32_data(0, 1);
  EXPECT_EQ(refused(m), "d_node: operator Dropout is in training mode; export the network for inference");
}

}  // namespace
}  // namespace geolip
