#include <formats/onnx_builder.hpp>

#include <cmath>

namespace geolip {
namespace {

using test::data_file;
using test::Model;
using test::set_float;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using Values = std::vector<double>;

class OnnxGraph : public test::Onnx {};

TEST_F(OnnxGraph, ReadsWhatThePythonPackageWrites) {
  const NetworkFile file = read_network(data_file("tiny.onnx"));
  EXPECT_EQ(file.network.evaluate(test::tiny_input), test::tiny_output_with_biases);
  EXPECT_THAT(file.facts, Contains(Pair("producer", "make_networks.py 1")));
  EXPECT_THAT(file.facts, Contains(Pair("ir version", "8")));
  EXPECT_THAT(file.facts, Contains(Pair("opset", "13")));
  EXPECT_THAT(file.facts, Contains(Pair("nodes", "5")));
  EXPECT_THAT(file.facts, Contains(Pair("input", "x (?x1x3)")));
  EXPECT_THAT(file.facts, Contains(Pair("batch", "of any size, treated as 1")));
}

TEST_F(OnnxGraph, InitialisersMayBeListedAsInputs) {
  Model m({1, 2});
  m.constant("c", {2}, {1, 2});
  Model::add_value(*m.graph().add_input(), "c", {2});
  m.node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(evaluate(m, {0, 0}), (Values{1, 2}));
}

TEST_F(OnnxGraph, NodesMayComeInAnyOrder) {
  Model m({1});
  m.node("Relu", {"h"}, {"y"});
  m.node("Tanh", {"x"}, {"h"});
  const Network n = network(m);
  EXPECT_EQ(n.layers()[0].name, "h_node");
  EXPECT_EQ(n.layers()[1].name, "y_node");
}

TEST_F(OnnxGraph, NodesWithoutNamesAreCalledByTheirOutput) {
  Model m({1});
  m.node("Sin", {"x"}, {"y"}).clear_name();
  EXPECT_EQ(refused(m), "y: operator Sin is not supported");
}

/// What is said of LeakyRelu with these values of attributes.
std::string of_leaky_relu(const std::string& what) { return "y_node: attribute " + what; }

TEST_F(OnnxGraph, AttributesHaveOneReading) {
  // ONNX Runtime refuses all of these as well; the slope 0.5 in one place is 9 in the other
  Model twice({1});
  set_float(twice.node("LeakyRelu", {"x"}, {"y"}), "alpha", 0.5F);
  set_float(*twice.graph().mutable_node(0), "alpha", 9.0F);
  EXPECT_EQ(refused(twice), of_leaky_relu("'alpha' of operator LeakyRelu is given twice"));
  Model unknown({1});
  set_float(unknown.node("LeakyRelu", {"x"}, {"y"}), "alpha", 0.5F);
  set_float(*unknown.graph().mutable_node(0), "beta", 9.0F);
  EXPECT_EQ(refused(unknown), of_leaky_relu("'beta' of operator LeakyRelu is not supported"));
  Model values({1});
  set_float(values.node("LeakyRelu", {"x"}, {"y"}), "alpha", 0.5F);
  values.graph().mutable_node(0)->mutable_attribute(0)->set_i(9);
  EXPECT_EQ(refused(values), of_leaky_relu("'alpha' of operator LeakyRelu has several values"));
}

TEST_F(OnnxGraph, AttributesBelongToVersionsOfTheirOperator) {
  // since version 11 the ends of Clip are inputs: one reader would clip, another would not
  Model m({1}, 13);
  set_float(m.node("Clip", {"x"}, {"y"}), "max", 1.0F);
  EXPECT_EQ(refused(m), "y_node: attribute 'max' of operator Clip is none of its version 13");
  m.proto().mutable_opset_import(0)->set_version(10);
  EXPECT_EQ(evaluate(m, {5}), (Values{1}));
  Model constant({1}, 11);
  set_float(constant.node("Constant", {}, {"c"}), "value_float", 2.0F);
  constant.node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(constant),
            "c_node: attribute 'value_float' of operator Constant is none of its version 11");
  constant.proto().mutable_opset_import(0)->set_version(12);
  EXPECT_EQ(evaluate(constant, {5}), (Values{7}));
}

TEST_F(OnnxGraph, TwoVersionsOfTheOperatorsAreRefused) {
  Model m({1}, 13);
  m.node("Relu", {"x"}, {"y"});
  auto* other = m.proto().add_opset_import();
  other->set_domain("ai.onnx");  // another name of the same
  other->set_version(6);
  EXPECT_EQ(refused(m), "the model states two versions of ONNX's operators, 13 and 6");
  other->set_version(13);
  EXPECT_EQ(network(m).layers().size(), 1U);
  other->set_domain("com.example");
  other->set_version(1);
  EXPECT_EQ(network(m).layers().size(), 1U);
}

TEST_F(OnnxGraph, SeveralInputsOrOutputsAreRefusedByName) {
  Model inputs({1});
  Model::add_value(*inputs.graph().add_input(), "x2", {1});
  inputs.node("Add", {"x", "x2"}, {"y"});
  EXPECT_EQ(refused(inputs), "the network has several inputs ('x', 'x2') but only one is supported");
  // what nothing reads is none of them, wherever it stands
  Model unused({1});
  Model::add_value(*unused.graph().add_input(), "x2", {8});
  unused.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(network(unused).inputs(), 1);
  Model first({8});
  Model::add_value(*first.graph().add_input(), "x2", {2});
  first.node("Relu", {"x2"}, {"y"});
  EXPECT_EQ(network(first).inputs(), 2);
  Model outputs({1});
  Model::add_value(*outputs.graph().add_output(), "z", {1});
  outputs.node("Relu", {"x"}, {"y"});
  outputs.node("Tanh", {"x"}, {"z"});
  EXPECT_EQ(refused(outputs), "the network has several outputs ('y', 'z') but only one is supported");
  Model none({1});
  none.graph().clear_input();
  none.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(none), "the network has no input");
}

TEST_F(OnnxGraph, ResidualsAreSums) {
  Model residual({1, 2});
  residual.node("Relu", {"x"}, {"r"});
  residual.node("Neg", {"r"}, {"n"});
  residual.node("Tanh", {"n"}, {"t"});
  residual.node("Sub", {"t", "r"}, {"y"});
  EXPECT_EQ(evaluate(residual, {1, -2}), (Values{std::tanh(-1.0) - 1.0, 0}));
  Model square({1});
  square.node("Mul", {"x", "x"}, {"y"});
  EXPECT_EQ(refused(square), "y_node: operator Mul joins two computed tensors, which is not supported");
}

TEST_F(OnnxGraph, AnAddendDoesNotReachOtherReadersOfAProduct) {
  // h is read as it is and with a shift: the shift must not go into the product's bias
  Model m({1, 1});
  m.constant("w", {1, 2}, {2, 3}).constant("c", {2}, {10, 20});
  m.node("MatMul", {"x", "w"}, {"h"});
  m.node("Add", {"h", "c"}, {"s"});
  m.node("Relu", {"s"}, {"r"});
  m.node("Add", {"r", "h"}, {"y"});
  EXPECT_EQ(evaluate(m, {1}), (Values{14, 26}));
}

TEST_F(OnnxGraph, AnActivationInPiecesMayStandBesideAnotherReader) {
  Model m({1, 2});
  m.node("Neg", {"x"}, {"n"});
  m.node("Sigmoid", {"x"}, {"s"});
  m.node("Mul", {"x", "s"}, {"m"});
  m.node("Add", {"m", "n"}, {"y"});
  const double silu = 1.0 / (1.0 + std::exp(-1.0));
  EXPECT_NEAR(evaluate(m, {1, 0})[0], silu - 1.0, 1e-15);
}

TEST_F(OnnxGraph, AnOutputThatOthersReadIsTheLastTensor) {
  Model m({1, 2});
  m.node("Relu", {"x"}, {"y"});
  m.node("Shape", {"y"}, {"shape"});
  EXPECT_EQ(evaluate(m, {1, -1}), (Values{1, 0}));
  Model turned({2, 2});
  turned.node("Transpose", {"x"}, {"y"});
  EXPECT_EQ(evaluate(turned, {1, 2, 3, 4}), (Values{1, 3, 2, 4}));
}

TEST_F(OnnxGraph, ComputationsThatLeadNowhereDoNotCount) {
  Model m({1, 2});
  Model::add_value(*m.graph().add_input(), "x2", {8});
  m.node("Tanh", {"x"}, {"dead"});
  m.node("Clip", {"x", "zero", ""}, {"y"});
  m.constant("zero", {}, {0});
  m.node("Shape", {"x"}, {"shape"});
  m.node("NoOneKnowsThis", {"dead", "x2"}, {"dead2"}).add_output("");
  m.node("Clip", {"x", "", "dead"}, {"dead3"});
  onnx::TensorProto text;
  text.set_name("text");
  text.set_data_type(onnx::TensorProto::STRING);
  *m.graph().add_initializer() = text;
  m.graph().add_sparse_initializer()->mutable_values()->set_name("thin");
  m.node("NoOneKnowsThis", {"text", "thin"}, {"dead4"});
  EXPECT_EQ(network(m).layers().size(), 1U);
  EXPECT_EQ(evaluate(m, {-3, 2}), (Values{0, 2}));
  // a Softmax that only they follow is still the end
  Model end({1, 2});
  end.node("Softmax", {"x"}, {"y"});
  end.node("Tanh", {"y"}, {"dead"});
  end.node("Relu", {"x"}, {"dead2"});
  EXPECT_THAT(refused(end), HasSubstr("the network ends in Softmax"));
}

TEST_F(OnnxGraph, StatedShapesAreCutWhereTheyAreLong) {
  Model m({1, 2});
  m.node("Relu", {"x"}, {"y"});
  m.graph().clear_output();
  Model::add_value(*m.graph().add_output(), "y", std::vector<std::int64_t>(1000, 1));
  EXPECT_THAT(read(m).facts,
              ::testing::Contains(::testing::Pair("output", "y (1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x...)")));
}

TEST_F(OnnxGraph, NamesThatAreNoTextArePrintable) {
  Model m({1, 2});
  m.node("R\xff\nlu", {"x"}, {"y"}).set_name("n\x80\x1b[31m");
  EXPECT_EQ(refused(m), "n??[31m: operator R??lu is not supported");
}

TEST_F(OnnxGraph, UnknownOperatorsAndDomainsAreRefused) {
  Model domain({1});
  domain.node("Relu", {"x"}, {"y"}).set_domain("com.example");
  EXPECT_EQ(refused(domain), "y_node: operator com.example.Relu is not supported");
  Model attribute({1});
  set_float(attribute.node("Relu", {"x"}, {"y"}), "leak", 0.5F);
  EXPECT_EQ(refused(attribute), "y_node: attribute 'leak' of operator Relu is not supported");
  Model type({1});
  test::set_int(type.node("LeakyRelu", {"x"}, {"y"}), "alpha", 1);
  EXPECT_EQ(refused(type), "y_node: attribute 'alpha' of operator LeakyRelu has the wrong type");
  Model inputs({1});
  inputs.node("Relu", {"x", "x"}, {"y"});
  EXPECT_THAT(refused(inputs), HasSubstr("y_node: operator Relu"));
  Model function({1});
  function.node("Relu", {"x"}, {"y"});
  function.proto().add_functions()->set_name("Relu");
  EXPECT_EQ(refused(function), "the model redefines the operator Relu");
}

TEST_F(OnnxGraph, CyclesAndLooseNamesAreRefused) {
  Model cycle({1});
  cycle.node("Relu", {"b"}, {"a"});
  cycle.node("Relu", {"a"}, {"b"});
  cycle.node("Add", {"x", "b"}, {"y"});
  EXPECT_EQ(refused(cycle), "a_node: the graph has a cycle here");
  Model self({1});
  self.node("Add", {"x", "y"}, {"y"});
  EXPECT_EQ(refused(self), "y_node: the graph has a cycle here");
  Model loose({1});
  loose.node("Relu", {"nowhere"}, {"y"});
  EXPECT_EQ(refused(loose), "y_node: it reads 'nowhere', which nothing defines");
  Model output({1});
  output.node("Relu", {"x"}, {"z"});
  EXPECT_EQ(refused(output), "output 'y' is defined by no node");
}

TEST_F(OnnxGraph, NamesDefinedTwiceAreRefused) {
  Model nodes({1});
  nodes.node("Relu", {"x"}, {"y"});
  nodes.node("Tanh", {"x"}, {"y"}).set_name("second");
  EXPECT_EQ(refused(nodes), "second: its output 'y' is defined twice");
  Model shadow({1});
  shadow.constant("c", {1}, {1});
  shadow.node("Relu", {"x"}, {"c"});
  EXPECT_EQ(refused(shadow), "c_node: its output 'c' is defined twice");
  Model initialisers({1});
  initialisers.constant("c", {1}, {1}).constant("c", {1}, {2});
  initialisers.node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(initialisers), "initialiser 'c': it is defined twice");
}

TEST_F(OnnxGraph, InputsWithoutUsableSizesAreRefused) {
  Model zero({0, 2});
  zero.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(zero), "input 'x' has the size 0 in dimension 0");
  Model negative({1, -2});
  negative.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(negative), "input 'x' has the size -2 in dimension 1");
  Model huge({1LL << 40, 1LL << 40});
  huge.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(huge), "input 'x' is larger than any memory");
  Model large({1LL << 40});
  large.node("Relu", {"x"}, {"y"});
  EXPECT_THAT(refused(large), HasSubstr("this asks for 1099511627776 numbers"));
  Model shapeless({1});
  shapeless.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  shapeless.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(shapeless), "input 'x' has no shape");
}

TEST_F(OnnxGraph, OutputsThatAreNoFunctionOfTheInputAreRefused) {
  Model constant({1});
  constant.constant("c", {1}, {1});
  constant.node("Identity", {"c"}, {"y"});
  EXPECT_EQ(refused(constant), "output 'y' does not depend on the input");
  Model identity({1});
  identity.node("Identity", {"x"}, {"y"});
  EXPECT_EQ(refused(identity), "the output is the input itself");
}

TEST_F(OnnxGraph, ModelsWithoutVersionOrGraphAreRefused) {
  Model version({1});
  version.proto().clear_opset_import();
  version.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(version), "the model does not state its version of ONNX's operators");
  Model graph({1});
  graph.proto().clear_graph();
  EXPECT_EQ(refused(graph), "this is not an ONNX model: it has no graph");
}

TEST_F(OnnxGraph, OperatorsOfUnknownVersionsAreRefused) {
  const auto scaled = [](int opset) {
    Model m({1, 1}, opset);
    m.constant("w", {1, 1}, {2});
    m.node("Gemm", {"x", "w"}, {"y"});
    return m;
  };
  EXPECT_EQ(evaluate(scaled(25), {1}), (Values{2}));
  EXPECT_THAT(refused(scaled(26)),
              HasSubstr("states version 26 of ONNX's operators, and the newest that is known is 25"));
  EXPECT_THAT(refused(scaled(-1)), HasSubstr("does not state its version"));
}

TEST_F(OnnxGraph, DeepGraphsNeedNoStack) {
  Model m({1});
  std::string from = "x";
  for (int i = 0; i < 50000; ++i) {
    const std::string to = "n" + std::to_string(i);
    m.node("Identity", {from}, {to});
    from = to;
  }
  m.node("Relu", {from}, {"y"});
  EXPECT_EQ(network(m).layers().size(), 1U);
}

}  // namespace
}  // namespace geolip
