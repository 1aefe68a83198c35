#include <formats/onnx_builder.hpp>

namespace geolip {
namespace {

using test::Model;
using test::set_int;
using test::set_ints;
using ::testing::HasSubstr;
using Values = std::vector<double>;

class OnnxShape : public test::Onnx {
 protected:
  /// Reads the model with a product behind 'h' that has as many rows as x has entries.
  static void finish(Model& m, std::int64_t size) {
    std::vector<float> weights;
    for (std::int64_t i = 0; i < size; ++i) weights.push_back(static_cast<float>(i + 1));
    m.constant("w", {size, 1}, weights);
    m.node("MatMul", {"h", "w"}, {"y"});
  }
};

TEST_F(OnnxShape, RelabellingOperatorsAddNoLayer) {
  Model m({1, 2, 3}, 13);
  m.constant_integers("a", {0, 1}).constant_integers("s", {0, -1}).constant_integers("q", {0});
  m.node("Unsqueeze", {"x", "a"}, {"u"});
  m.node("Squeeze", {"u", "q"}, {"v"});
  m.node("Identity", {"v"}, {"i"});
  m.node("Reshape", {"i", "s"}, {"r"});
  set_int(m.node("Cast", {"r"}, {"c"}), "to", onnx::TensorProto::DOUBLE);
  set_int(m.node("Flatten", {"c"}, {"h"}), "axis", 1);
  finish(m, 6);
  const Network n = network(m);
  EXPECT_EQ(n.layers().size(), 1U);
  EXPECT_EQ(n.evaluate(Values{1, 0, 0, 0, 0, 1}), (Values{7}));
}

TEST_F(OnnxShape, AxesAreAttributesInOldVersions) {
  Model m({1, 1, 2}, 11);
  set_ints(m.node("Squeeze", {"x"}, {"a"}), "axes", {1});
  set_ints(m.node("Unsqueeze", {"a"}, {"b"}), "axes", {-1});
  m.node("Squeeze", {"b"}, {"h"});
  finish(m, 2);
  EXPECT_EQ(evaluate(m, {10, 100}), (Values{210}));
}

TEST_F(OnnxShape, ATransposeIsAPermutationOnlyWhereTheOrderChanges) {
  Model m({1, 2, 3, 1});
  set_ints(m.node("Transpose", {"x"}, {"t"}), "perm", {0, 3, 1, 2});  // one channel: no change
  m.node("Flatten", {"t"}, {"h"});
  finish(m, 6);
  EXPECT_EQ(network(m).layers().size(), 1U);

  Model real({1, 2, 3});
  set_ints(real.node("Transpose", {"x"}, {"t"}), "perm", {0, 2, 1});
  real.node("Flatten", {"t"}, {"h"});
  finish(real, 6);
  const Network n = network(real);
  ASSERT_EQ(n.layers().size(), 2U);
  EXPECT_EQ(std::get<Permutation>(n.layers()[0].op).source, (std::vector<Index>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(n.evaluate(Values{1, 10, 100, 1000, 10000, 100000}),
            (Values{1 + 2000 + 30 + 40000 + 500 + 600000}));
}

TEST_F(OnnxShape, TransposesThatCancelLeaveNothing) {
  Model m({1, 2, 3});
  set_ints(m.node("Transpose", {"x"}, {"t"}), "perm", {0, 2, 1});
  set_ints(m.node("Transpose", {"t"}, {"u"}), "perm", {0, 2, 1});
  m.node("Relu", {"u"}, {"y"});
  EXPECT_EQ(network(m).layers().size(), 1U);
}

TEST_F(OnnxShape, ATransposeAtTheEndIsKept) {
  Model m({2, 2});
  m.node("Relu", {"x"}, {"r"});
  m.node("Transpose", {"r"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, 2, 3, 4}), (Values{1, 3, 2, 4}));
}

TEST_F(OnnxShape, DynamicReshapesAreFollowed) {
  Model m({Model::symbolic, 2, 3});
  m.tensor(Model::integers("zero", {}, {0})).constant_integers("axis", {0}).constant_integers("rest", {-1});
  m.node("Shape", {"x"}, {"shape"});
  m.node("Gather", {"shape", "zero"}, {"batch"});
  m.node("Unsqueeze", {"batch", "axis"}, {"b1"});
  set_int(m.node("Concat", {"b1", "rest"}, {"target"}), "axis", 0);
  m.node("Reshape", {"x", "target"}, {"h"});
  finish(m, 6);
  EXPECT_EQ(evaluate(m, {1, 0, 0, 0, 0, 0}), (Values{1}));
}

TEST_F(OnnxShape, ShapesOfDataLeftBehindAreKnown) {
  Model m({1, 2, 3});
  m.node("Relu", {"x"}, {"r"});
  m.node("Flatten", {"r"}, {"f"});
  m.node("Tanh", {"f"}, {"t"});
  m.node("Shape", {"x"}, {"shape"});  // of a tensor two steps back
  m.node("Reshape", {"t", "shape"}, {"y"});
  EXPECT_EQ(network(m).layers().size(), 2U);
}

TEST_F(OnnxShape, RefusesShapesThatDoNotFit) {
  Model reshape({1, 6});
  reshape.constant_integers("s", {4, 2});
  reshape.node("Reshape", {"x", "s"}, {"y"});
  EXPECT_EQ(refused(reshape), "y_node: a tensor of 1x6 cannot be reshaped to 4x2");
  Model zero({1, 6});
  zero.constant_integers("s", {1, 6, 0});
  zero.node("Reshape", {"x", "s"}, {"y"});
  EXPECT_THAT(refused(zero), HasSubstr("the new shape keeps dimension 2"));
  Model negative({1, 6});
  negative.constant_integers("s", {-1, -1});
  negative.node("Reshape", {"x", "s"}, {"y"});
  EXPECT_EQ(refused(negative), "y_node: the new shape -1x-1 makes no sense");
  Model huge({1, 6});
  huge.constant_integers("s", {1LL << 62, 1LL << 62});
  huge.node("Reshape", {"x", "s"}, {"y"});
  EXPECT_EQ(refused(huge), "y_node: the new shape is larger than any memory");
  Model squeeze({1, 6});
  squeeze.constant_integers("a", {1});
  squeeze.node("Squeeze", {"x", "a"}, {"y"});
  EXPECT_EQ(refused(squeeze), "y_node: axis 1 of a tensor of 1x6 cannot be squeezed");
  Model transpose({1, 6});
  set_ints(transpose.node("Transpose", {"x"}, {"y"}), "perm", {0, 0});
  EXPECT_EQ(refused(transpose), "y_node: its perm is no permutation of the 2 dimensions of its input");
  Model flatten({1, 6});
  set_int(flatten.node("Flatten", {"x"}, {"y"}), "axis", 3);
  EXPECT_EQ(refused(flatten), "y_node: axis 3 does not exist in a tensor of rank 2");
}

TEST_F(OnnxShape, ACastToATypeBeyondAllNumbersIsRefused) {
  Model m({1, 2});
  set_int(m.node("Cast", {"x"}, {"y"}), "to", (std::int64_t{1} << 32U) + 1);  // FLOAT, were it cut to 32 bits
  EXPECT_EQ(refused(m),
            "y_node: operator Cast to 4294967297 is not supported on the way from input to output");
}

TEST_F(OnnxShape, ACastToIntegersIsRefused) {
  Model m({1, 6});
  set_int(m.node("Cast", {"x"}, {"y"}), "to", onnx::TensorProto::INT64);
  EXPECT_EQ(refused(m), "y_node: operator Cast to INT64 is not supported on the way from input to output");
}

}  // namespace
}  // namespace geolip
