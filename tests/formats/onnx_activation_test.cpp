#include <formats/onnx_builder.hpp>

#include <cmath>
#include <numbers>

namespace geolip {
namespace {

using test::Model;
using test::set_float;
using test::set_int;
using test::set_string;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;
using Values = std::vector<double>;

class OnnxActivation : public test::Onnx {
 protected:
  /// The only layer of the model, an activation.
  Activation activation(const Model& m) const {
    const Network n = network(m);
    EXPECT_EQ(n.layers().size(), 1U);
    return std::get<Activation>(n.layers().at(0).op);
  }
};

TEST_F(OnnxActivation, OperatorsWithTheirDefaults) {
  const std::vector<std::pair<const char*, ActivationKind>> operators{
      {"Relu", ActivationKind::relu},
      {"Sigmoid", ActivationKind::sigmoid},
      {"Tanh", ActivationKind::tanh},
      {"Softplus", ActivationKind::softplus},
      {"LeakyRelu", ActivationKind::leaky_relu},
      {"Elu", ActivationKind::elu},
      {"Selu", ActivationKind::selu},
      {"HardSigmoid", ActivationKind::hard_sigmoid},
      {"HardSwish", ActivationKind::hard_swish},
      {"Mish", ActivationKind::mish},
      {"Celu", ActivationKind::celu},
      {"Softsign", ActivationKind::softsign},
      {"Gelu", ActivationKind::gelu},
      {"Swish", ActivationKind::silu}};
  for (const auto& [op, kind] : operators) {
    Model m({1, 2}, 20);
    m.node(op, {"x"}, {"y"});
    const Activation a = activation(m);
    const Activation expected = Activation(kind);
    EXPECT_EQ(a.kind(), kind) << op;
    // what runs the network knows parameters as floats
    EXPECT_EQ(a.alpha(), static_cast<double>(static_cast<float>(expected.alpha()))) << op;
    EXPECT_EQ(a.beta(), static_cast<double>(static_cast<float>(expected.beta()))) << op;
  }
}

TEST_F(OnnxActivation, ParametersAreTaken) {
  Model selu({1, 2});
  auto& n = selu.node("Selu", {"x"}, {"y"});
  set_float(n, "alpha", 1.5F);
  set_float(n, "gamma", 2.0F);
  EXPECT_EQ(activation(selu).alpha(), 1.5);
  EXPECT_EQ(activation(selu).beta(), 2.0);
  Model hard({1, 2});
  auto& h = hard.node("HardSigmoid", {"x"}, {"y"});
  set_float(h, "alpha", 0.25F);
  set_float(h, "beta", 0.75F);
  EXPECT_EQ(activation(hard).alpha(), 0.25);
  EXPECT_EQ(activation(hard).beta(), 0.75);
  Model leaky({1, 2});
  set_float(leaky.node("LeakyRelu", {"x"}, {"y"}), "alpha", 0.125F);
  EXPECT_EQ(slope_interval(activation(leaky), 0).lower, 0.125);
  Model gelu({1, 2}, 20);
  set_string(gelu.node("Gelu", {"x"}, {"y"}), "approximate", "tanh");
  EXPECT_EQ(activation(gelu).kind(), ActivationKind::gelu_tanh);
}

TEST_F(OnnxActivation, ClipTakesAttributesOrInputs) {
  Model old({1, 2}, 6);
  auto& n = old.node("Clip", {"x"}, {"y"});
  set_float(n, "min", 0.0F);
  set_float(n, "max", 6.0F);
  EXPECT_EQ(evaluate(old, {-1, 7}), (Values{0, 6}));
  Model both({1, 2}, 11);
  both.constant("lo", {}, {-1}).constant("hi", {}, {1});
  both.node("Clip", {"x", "lo", "hi"}, {"y"});
  EXPECT_EQ(evaluate(both, {-2, 0.5}), (Values{-1, 0.5}));
  Model upper({1, 2}, 11);
  upper.constant("hi", {1}, {1});
  upper.node("Clip", {"x", "", "hi"}, {"y"});
  EXPECT_EQ(evaluate(upper, {-2e30, 2}), (Values{-2e30, 1}));
  Model nan({1, 2}, 11);
  nan.constant("lo", {}, {NAN});
  nan.node("Clip", {"x", "lo"}, {"y"});
  EXPECT_EQ(refused(nan), "y_node: clip: the lower end is no number below infinity");
}

TEST_F(OnnxActivation, PReluSlopesByScalarChannelAndElement) {
  Model scalar({1, 2});
  scalar.constant("s", {1}, {0.5});
  scalar.node("PRelu", {"x", "s"}, {"y"});
  EXPECT_EQ(evaluate(scalar, {-2, -4}), (Values{-1, -2}));
  Model channel({1, 2, 1, 2});
  channel.constant("s", {2, 1, 1}, {0.5, 0.25});
  channel.node("PRelu", {"x", "s"}, {"y"});
  EXPECT_EQ(evaluate(channel, {-4, 4, -4, 4}), (Values{-2, 4, -1, 4}));
  Model old({1, 2, 1, 2}, 6);
  old.constant("s", {2}, {0.5, 0.25});
  old.node("PRelu", {"x", "s"}, {"y"});
  EXPECT_EQ(evaluate(old, {-4, 4, -4, 4}), (Values{-2, 4, -1, 4}));
  Model element({2});
  element.constant("s", {2}, {0.5, 2});
  element.node("PRelu", {"x", "s"}, {"y"});
  const Network n = network(element);
  EXPECT_EQ(slope_interval(std::get<Activation>(n.layers()[0].op), 1).upper, 2.0);
  Model misfit({1, 2});
  misfit.constant("s", {1, 1, 2}, {1, 2});
  misfit.node("PRelu", {"x", "s"}, {"y"});
  EXPECT_EQ(refused(misfit), "y_node: the slope is 1x1x2 but its input is 1x2");
}

TEST_F(OnnxActivation, PReluSlopesFollowATranspose) {
  Model m({2, 2});
  m.constant("s", {2, 2}, {0.5, 0.25, 2, 4});
  m.node("Transpose", {"x"}, {"t"});
  m.node("PRelu", {"t", "s"}, {"y"});
  EXPECT_EQ(evaluate(m, {-1, -1, -4, -1}), (Values{-0.5, -1, -2, -4}));
}

TEST_F(OnnxActivation, SiluWrittenAsAProduct) {
  for (const bool first : {false, true}) {
    Model m({1, 2});
    m.node("Sigmoid", {"x"}, {"s"});
    m.node("Mul", first ? Names{"s", "x"} : Names{"x", "s"}, {"y"});
    EXPECT_EQ(activation(m).kind(), ActivationKind::silu);
  }
}

/// The three orders in which 0.5 x (1 + erf(x / sqrt(2))) is written.
Model gelu_chain(int order, float root = static_cast<float>(std::numbers::sqrt2), float half = 0.5F) {
  Model m({1, 2});
  m.constant("root", {}, {root}).constant("half", {}, {half}).constant("one", {1}, {1});
  m.node("Div", {"x", "root"}, {"d"});
  m.node("Erf", {"d"}, {"e"});
  m.node("Add", order == 1 ? Names{"one", "e"} : Names{"e", "one"}, {"a"});
  if (order == 0) {
    m.node("Mul", {"x", "a"}, {"p"});
    m.node("Mul", {"p", "half"}, {"y"});
  } else if (order == 1) {
    m.node("Mul", {"half", "x"}, {"p"});
    m.node("Mul", {"p", "a"}, {"y"});
  } else {
    m.node("Mul", {"a", "half"}, {"p"});
    m.node("Mul", {"x", "p"}, {"y"});
  }
  return m;
}

TEST_F(OnnxActivation, GeluWrittenWithErf) {
  for (const int order : {0, 1, 2}) {
    EXPECT_EQ(activation(gelu_chain(order)).kind(), ActivationKind::gelu) << order;
    EXPECT_EQ(network(gelu_chain(order)).layers()[0].name, "y_node");
  }
}

TEST_F(OnnxActivation, GeluWithConstantsThatAreRoundedIsRefused) {
  for (const std::string name : {"half", "one"}) {
    Model m = gelu_chain(0);
    for (auto& tensor : *m.graph().mutable_initializer()) {
      if (tensor.name() == name) tensor.set_name("exact");
    }
    m.constant("tiny", {}, {0x1p-60F});
    m.node("Add", {"exact", "tiny"}, {name});
    auto* nodes = m.graph().mutable_node();
    for (int i = nodes->size() - 1; i > 0; --i) nodes->SwapElements(i, i - 1);
    EXPECT_THAT(refused(m), HasSubstr("operator Erf is not supported")) << name;
  }
}

TEST_F(OnnxActivation, WhatOnlyLooksLikeGeluIsRefused) {
  EXPECT_THAT(refused(gelu_chain(0, 1.5F)), HasSubstr("operator Erf is not supported"));
  EXPECT_THAT(refused(gelu_chain(1, 1.4142135F, 0.25F)), HasSubstr("operator Erf is not supported"));
  Model reused = gelu_chain(0);  // the sum is read twice
  reused.graph().mutable_node(4)->set_input(1, "a");
  EXPECT_THAT(refused(reused), HasSubstr("operator Erf is not supported"));
  Model plain({1, 2});
  plain.node("Erf", {"x"}, {"y"});
  EXPECT_EQ(refused(plain), "y_node: operator Erf is not supported");
}

TEST_F(OnnxActivation, ACeluNeedsAnAlphaAboveZero) {
  Model celu({1, 2});
  set_float(celu.node("Celu", {"x"}, {"y"}), "alpha", 0.5F);
  EXPECT_EQ(activation(celu).alpha(), 0.5);
  for (const float alpha : {0.0F, -1.0F}) {
    Model wrong({1, 2});
    set_float(wrong.node("Celu", {"x"}, {"y"}), "alpha", alpha);
    EXPECT_EQ(refused(wrong), "y_node: celu: alpha is not above 0");
  }
}

TEST_F(OnnxActivation, SwishAndGeluVariantsAreRefused) {
  Model swish({1, 2}, 24);
  set_float(swish.node("Swish", {"x"}, {"y"}), "alpha", 2.0F);
  EXPECT_EQ(refused(swish), "y_node: operator Swish is supported with alpha 1 only");
  Model gelu({1, 2}, 20);
  set_string(gelu.node("Gelu", {"x"}, {"y"}), "approximate", "other");
  EXPECT_EQ(refused(gelu), "y_node: operator Gelu with approximate 'other' is not supported");
}

TEST_F(OnnxActivation, OtherOperatorsAreRefusedByName) {
  for (const char* op :
       {"ThresholdedRelu", "Shrink", "LpPool", "ArgMax", "ReduceProd", "Sin", "If", "LSTM"}) {
    Model m({1, 2});
    m.node(op, {"x"}, {"y"});
    EXPECT_EQ(refused(m), "y_node: operator " + std::string(op) + " is not supported");
  }
}

TEST_F(OnnxActivation, ASoftmaxAtTheEndIsDroppedOnDemand) {
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    Model m({1, 2});
    m.constant_integers("s", {2});
    m.node("Relu", {"x"}, {"r"});
    set_int(m.node(op, {"r"}, {"p"}), "axis", 1);
    m.node("Reshape", {"p", "s"}, {"y"});
    EXPECT_EQ(refused(m), "p_node: the network ends in " + std::string(op) +
                              ", which is not supported; bound the logits before it instead (--logits)");
    ReadOptions options;
    options.logits = true;
    const NetworkFile file = read(m, options);
    EXPECT_EQ(file.network.layers().size(), 1U);
    EXPECT_THAT(file.facts, ::testing::Contains(::testing::Pair("dropped", "p_node")));
  }
}

TEST_F(OnnxActivation, ASoftmaxAcrossABatchIsRefused) {
  ReadOptions options;
  options.logits = true;
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    for (const int opset : {11, 13}) {
      for (const std::int64_t axis : {-2, -1, 0, 1}) {
        Model m({Model::symbolic, 2}, opset);
        m.constant("w", {2, 2}, {1, 2, 3, 4});
        m.node("MatMul", {"x", "w"}, {"l"});
        set_int(m.node(op, {"l"}, {"y"}), "axis", axis);
        if (axis == 0 || axis == -2) {
          EXPECT_EQ(refused(m, options), "y_node: operator " + std::string(op) +
                                             " works along the first dimension, which is a batch's, and that "
                                             "is not supported");
        } else {
          EXPECT_EQ(read(m, options).network.outputs(), 2);
        }
      }
    }
  }
}

TEST_F(OnnxActivation, SlopesThatAddADimensionToABatchAreRefused) {
  for (const std::int64_t batch : {std::int64_t{2}, Model::symbolic}) {
    Model m({batch, 2});
    m.constant("w", {2, 2}, {1, 2, 3, 4});
    m.constant("s", {1, 1, 2}, {0.5, 0.25});
    m.node("MatMul", {"x", "w"}, {"l"});
    m.node("PRelu", {"l", "s"}, {"y"});
    EXPECT_THAT(refused(m), ::testing::HasSubstr("y_node: ")) << batch;
  }
}

TEST_F(OnnxActivation, ASoftmaxInTheMiddleIsRefusedAlways) {
  Model m({1, 2});
  m.node("Softmax", {"x"}, {"p"});
  m.node("Relu", {"p"}, {"y"});
  ReadOptions options;
  options.logits = true;
  EXPECT_EQ(refused(m, options), "p_node: operator Softmax in the middle of a network is not supported");
  EXPECT_EQ(refused(m), "p_node: operator Softmax in the middle of a network is not supported");
}

}  // namespace
}  // namespace geolip
