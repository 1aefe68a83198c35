// Graphs of every kind, made in memory: the checker reads what the product reads, and to the same network.
#include <geolip/error.hpp>

#include <algorithm>
#include <functional>

#include "checker/files/onnx_support.hpp"
#include "formats/onnx_builder.hpp"

namespace geolip::checker {
namespace {

using test::Model;
using test::set_float;
using test::set_int;
using test::set_ints;
using test::set_string;
using testing::bytes_of;
using testing::expect_agreement;
using ::testing::HasSubstr;
using testing::no_external;
using testing::numbers;
using testing::read;
using testing::refusal;
using testing::refused;

TEST(CheckersOnnx, OperatorsOfUnknownVersionsAreRefused) {
  for (const int opset : {25, 26}) {
    Model m({1, 1}, opset);
    m.constant("w", {1, 1}, {2});
    m.node("Gemm", {"x", "w"}, {"y"});
    EXPECT_THAT(refused(m), HasSubstr(opset == 25 ? "(it was read)" : "version 26 of ONNX's operators"));
  }
}

TEST(CheckersOnnx, ShiftsAloneAreTheIdentity) {
  Model m({1, 3});
  m.constant("c", {3}, {1, -2, 5});
  m.node("Add", {"x", "c"}, {"y"});
  const Network network = read(m);
  EXPECT_TRUE(network.layers.empty());
  EXPECT_EQ(network.outputs, 3);
}

TEST(CheckersOnnx, ProductsInEveryLayout) {
  for (const bool left : {true, false}) {
    for (const bool trans_data : {false, true}) {
      for (const bool trans_weight : {false, true}) {
        const bool row = left != trans_data;
        Model m(row ? std::vector<std::int64_t>{1, 3} : std::vector<std::int64_t>{3, 1});
        const bool inputs_first = left != trans_weight;
        m.constant("w", inputs_first ? std::vector<std::int64_t>{3, 2} : std::vector<std::int64_t>{2, 3},
                   numbers(6));
        m.constant("c", {}, {0.5});
        auto& n = left ? m.node("Gemm", {"x", "w", "c"}, {"y"}) : m.node("Gemm", {"w", "x", "c"}, {"y"});
        set_int(n, left ? "transA" : "transB", trans_data ? 1 : 0);
        set_int(n, left ? "transB" : "transA", trans_weight ? 1 : 0);
        set_float(n, "alpha", 0.3F);
        expect_agreement(m, "Gemm");
      }
    }
  }
  const std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>> shapes{
      {{3}, {3}}, {{3}, {3, 2}}, {{1, 3}, {3, 2}}, {{1, 3}, {3}}, {{1, 1, 3}, {1, 3, 2}}};
  for (const auto& [x, w] : shapes) {
    Model m(x);
    m.constant("w", w, numbers(w.size() == 1 ? 3 : 6));
    m.node("MatMul", {"x", "w"}, {"y"});
    expect_agreement(m, "MatMul");
  }
  Model right({3, 1});
  right.constant("w", {2, 3}, numbers(6));
  right.node("MatMul", {"w", "x"}, {"y"});
  expect_agreement(right, "MatMul on the right");
  // several vectors of one input, with neurons on them
  const std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>> vectors{
      {{1, 4, 3}, {3, 2}},
      {{1, 2, 2, 3}, {3, 2}},
      {{1, 4, 3}, {3}},
      {{1, 4, 3}, {1, 1, 3, 2}},
      {{5, 4, 3}, {3, 2}}};
  for (const auto& [x, w] : vectors) {
    Model m(x);
    m.constant("w", w, numbers(w.size() == 1 ? 3 : 6));
    m.node("MatMul", {"x", "w"}, {"h"});
    m.node("Relu", {"h"}, {"y"});
    expect_agreement(m, "MatMul of vectors");
    Model on_the_right({x.front(), x.size() == 4 ? 2 : 1, 3, 2});
    on_the_right.constant("w", w.size() == 1 ? w : std::vector<std::int64_t>{2, 3},
                          numbers(w.size() == 1 ? 3 : 6));
    on_the_right.node("MatMul", {"w", "x"}, {"h"});
    on_the_right.node("Relu", {"h"}, {"y"});
    expect_agreement(on_the_right, "MatMul of vectors on the right");
  }
  Model conv({1, 2, 2, 1});
  conv.constant("w", {3, 2, 2, 1}, numbers(12)).constant("b", {3}, numbers(3));
  conv.node("Conv", {"x", "w", "b"}, {"y"});
  expect_agreement(conv, "Conv");
}

TEST(CheckersOnnx, BranchesAreFollowed) {
  Model residual({1, 3});
  residual.node("Relu", {"x"}, {"r"});
  residual.node("Tanh", {"r"}, {"t"});
  residual.node("Add", {"t", "r"}, {"y"});
  expect_agreement(residual, "residual");
  // an activation in pieces beside another reader
  Model silu({1, 3});
  silu.node("Neg", {"x"}, {"n"});
  silu.node("Sigmoid", {"x"}, {"s"});
  silu.node("Relu", {"n"}, {"p"});
  silu.node("Mul", {"x", "s"}, {"m"});
  silu.node("Add", {"m", "p"}, {"y"});
  expect_agreement(silu, "silu");
  // the output is read by others too, or is no layer's own
  Model turned({1, 2, 3});
  turned.node("Relu", {"x"}, {"r"});
  set_ints(turned.node("Transpose", {"r"}, {"y"}), "perm", {0, 2, 1});
  expect_agreement(turned, "output");
}

TEST(CheckersOnnx, InputsThatNothingReadsDoNotCount) {
  Model unused({1});
  Model::add_value(*unused.graph().add_input(), "x2", {8});
  unused.node("Relu", {"x"}, {"y"});
  expect_agreement(unused, "the second");
  Model first({8});
  Model::add_value(*first.graph().add_input(), "x2", {2});
  first.node("Relu", {"x2"}, {"y"});
  expect_agreement(first, "the first");
  Model both({1});
  Model::add_value(*both.graph().add_input(), "x2", {1});
  both.node("Add", {"x", "x2"}, {"y"});
  EXPECT_THAT(refused(both), HasSubstr("several inputs"));
}

TEST(CheckersOnnx, BatchesAreOneVector) {
  for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{5}, Model::symbolic}) {
    Model m({batch, 3});
    m.constant("w", {3, 2}, numbers(6));
    m.node("MatMul", {"x", "w"}, {"y"});
    expect_agreement(m, "batch " + std::to_string(batch));
  }
}

TEST(CheckersOnnx, ElementwiseOperators) {
  for (const char* op : {"Add", "Sub", "Mul", "Div"}) {
    for (const bool left : {true, false}) {
      if (!left && std::string(op) == "Div") continue;
      for (const std::vector<std::int64_t>& shape :
           std::vector<std::vector<std::int64_t>>{{}, {3}, {2, 1}, {1, 2, 3}}) {
        std::size_t count = 1;
        for (const std::int64_t d : shape) count *= static_cast<std::size_t>(d);
        Model m({1, 2, 3});
        m.constant("c", shape, numbers(count));
        m.node("Relu", {"x"}, {"r"});
        m.node(op, left ? std::vector<std::string>{"r", "c"} : std::vector<std::string>{"c", "r"}, {"y"});
        expect_agreement(m, op);
      }
    }
  }
  Model old({1, 2, 3}, 6);
  old.constant("c", {2}, {0.1F, 3});
  auto& n = old.node("Mul", {"x", "c"}, {"y"});
  set_int(n, "broadcast", 1);
  set_int(n, "axis", 1);
  expect_agreement(old, "Mul before version 7");
  Model normal({1, 2, 3});
  normal.constant("s", {2}, {2, 3}).constant("b", {2}, {1, -1}).constant("m", {2}, {4, 5});
  normal.constant("v", {2}, {3, 0.1F});
  normal.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"h"});
  normal.node("Neg", {"h"}, {"y"});
  expect_agreement(normal, "BatchNormalization");
}

TEST(CheckersOnnx, ShapesAreFollowed) {
  Model m({Model::symbolic, 2, 3});
  m.tensor(Model::integers("zero", {}, {0})).constant_integers("axis", {0}).constant_integers("rest", {-1});
  m.node("Relu", {"x"}, {"r"});
  set_ints(m.node("Transpose", {"r"}, {"t"}), "perm", {0, 2, 1});
  m.node("Shape", {"x"}, {"shape"});
  m.node("Gather", {"shape", "zero"}, {"batch"});
  m.node("Unsqueeze", {"batch", "axis"}, {"b1"});
  set_int(m.node("Concat", {"b1", "rest"}, {"target"}), "axis", 0);
  m.node("Reshape", {"t", "target"}, {"f"});
  m.constant_integers("second", {1});
  m.node("Unsqueeze", {"f", "second"}, {"u"});
  m.node("Squeeze", {"u", "second"}, {"s"});
  m.node("Identity", {"s"}, {"i"});
  m.node("Dropout", {"i"}, {"d"});
  set_int(m.node("Flatten", {"d"}, {"h"}), "axis", 1);
  m.constant("w", {2, 6}, numbers(12));
  m.node("Transpose", {"w"}, {"wt"});
  m.node("MatMul", {"h", "wt"}, {"y"});
  expect_agreement(m, "shapes");
  Model end({2, 2});
  end.node("Relu", {"x"}, {"r"});
  end.node("Transpose", {"r"}, {"y"});
  expect_agreement(end, "a transpose at the end");
}

TEST(CheckersOnnx, Activations) {
  for (const char* op : {"Relu", "Sigmoid", "Tanh", "Softplus", "LeakyRelu", "Elu", "Selu", "HardSigmoid",
                         "Gelu", "Swish", "Clip", "HardSwish", "Mish", "Celu", "Softsign"}) {
    Model m({1, 2}, 20);
    m.node(op, {"x"}, {"y"});
    expect_agreement(m, op);
  }
  for (const char* op : {"LeakyRelu", "Elu", "Selu", "HardSigmoid"}) {
    for (const float alpha : {-0.7F, 0.3F, 1.9F}) {
      Model m({1, 2}, 20);
      set_float(m.node(op, {"x"}, {"y"}), "alpha", alpha);
      expect_agreement(m, op);
    }
  }
  Model tanh({1, 2}, 20);
  set_string(tanh.node("Gelu", {"x"}, {"y"}), "approximate", "tanh");
  expect_agreement(tanh, "Gelu by tanh");
  Model prelu({1, 2, 3});
  prelu.constant("s", {2, 1}, {0.5, -0.25});
  prelu.node("PRelu", {"x", "s"}, {"y"});
  expect_agreement(prelu, "PRelu");
  Model clip({1, 2});
  clip.constant("lo", {}, {1}).constant("hi", {}, {1});
  clip.node("Clip", {"x", "lo", "hi"}, {"y"});
  expect_agreement(clip, "a Clip to a point");
}

TEST(CheckersOnnx, ActivationsInSeveralNodes) {
  Model silu({1, 2});
  silu.node("Sigmoid", {"x"}, {"s"});
  silu.node("Mul", {"x", "s"}, {"y"});
  expect_agreement(silu, "silu");
  for (int order = 0; order < 3; ++order) {
    Model m({1, 2});
    m.constant("root", {}, {1.4142135F}).constant("one", {}, {1}).constant("half", {1}, {0.5});
    m.node("Div", {"x", "root"}, {"d"});
    m.node("Erf", {"d"}, {"e"});
    m.node("Add", {"e", "one"}, {"p"});
    if (order == 0) {
      m.node("Mul", {"x", "p"}, {"q"});
      m.node("Mul", {"q", "half"}, {"y"});
    } else if (order == 1) {
      m.node("Mul", {"x", "half"}, {"q"});
      m.node("Mul", {"q", "p"}, {"y"});
    } else {
      m.node("Mul", {"half", "p"}, {"q"});
      m.node("Mul", {"q", "x"}, {"y"});
    }
    expect_agreement(m, "gelu " + std::to_string(order));
  }
}

TEST(CheckersOnnx, WhatIsNotAnActivationIsNoActivation) {
  const auto product_of = [](const std::function<void(Model&)>& build) {
    Model m({1, 2});
    m.constant("two", {}, {2})
        .constant("minus", {}, {-1})
        .constant("one", {}, {1})
        .constant("half", {}, {0.5});
    build(m);
    return refused(m);
  };
  EXPECT_THAT(product_of([](Model& m) {
                m.node("Mul", {"x", "x"}, {"y"});
              }),
              HasSubstr("operator Mul joins several computed tensors"));
  // 2 x sigmoid(x): its slopes are twice as large
  EXPECT_NE(product_of([](Model& m) {
              m.node("Sigmoid", {"x"}, {"s"});
              m.node("Mul", {"x", "two"}, {"t"});
              m.node("Mul", {"s", "t"}, {"y"});
            }),
            "(it was read)");
  // x sigmoid(-x)
  EXPECT_NE(product_of([](Model& m) {
              m.node("Mul", {"x", "minus"}, {"n"});
              m.node("Sigmoid", {"n"}, {"s"});
              m.node("Mul", {"s", "x"}, {"y"});
            }),
            "(it was read)");
  // the sigmoid is read again after the product
  EXPECT_NE(product_of([](Model& m) {
              m.node("Sigmoid", {"x"}, {"s"});
              m.node("Mul", {"x", "s"}, {"p"});
              m.node("Add", {"p", "s"}, {"y"});
            }),
            "(it was read)");
  // x (1 + erf(x)) without the half
  EXPECT_NE(product_of([](Model& m) {
              m.node("Erf", {"x"}, {"e"});
              m.node("Add", {"e", "one"}, {"p"});
              m.node("Mul", {"x", "p"}, {"y"});
            }),
            "(it was read)");
  // 0.5 x (2 + erf(x))
  EXPECT_NE(product_of([](Model& m) {
              m.node("Erf", {"x"}, {"e"});
              m.node("Add", {"e", "two"}, {"p"});
              m.node("Mul", {"x", "p"}, {"q"});
              m.node("Mul", {"q", "half"}, {"y"});
            }),
            "(it was read)");
}

TEST(CheckersOnnx, ASoftmaxIsDroppedOnlyIfTheCertificateSaysSo) {
  Model m({1, 2});
  m.node("Relu", {"x"}, {"r"});
  m.node("Softmax", {"r"}, {"y"});
  expect_agreement(m, "Softmax", true);
  EXPECT_THAT(refused(m), HasSubstr("y_node: the network ends in Softmax"));
  Model middle({1, 2});
  middle.node("Softmax", {"x"}, {"s"});
  middle.node("Relu", {"s"}, {"y"});
  EXPECT_THAT(refusal([&] { read(middle, true); }), HasSubstr("follows the dropped Softmax"));
}

TEST(CheckersOnnx, FactorsThatAreNoDoublesAreEnclosed) {
  Model m({1, 1});
  m.constant("c", {}, {3});
  m.node("Div", {"x", "c"}, {"y"});
  const Network network = read(m);
  const auto& scale = std::get<Scale>(network.layers.at(0).op);
  EXPECT_LT(scale.lower[0], scale.upper[0]);
  EXPECT_EQ(scale.numerator, std::vector<double>{1.0});
  EXPECT_EQ(scale.denominator, std::vector<double>{3.0});

  Model computed({1, 1});
  computed.constant("v", {1}, {2}).constant("w", {1, 1}, {1});
  computed.node("Sqrt", {"v"}, {"r"});
  computed.node("Div", {"w", "r"}, {"q"});
  computed.node("Mul", {"x", "q"}, {"y"});
  const Network rounded = read(computed);
  const auto& factor = std::get<Scale>(rounded.layers.at(0).op);
  EXPECT_LT(factor.lower[0], std::sqrt(0.5));
  EXPECT_GT(factor.upper[0], std::sqrt(0.5));
  EXPECT_TRUE(factor.numerator.empty());
  computed.graph().mutable_node(2)->set_op_type("MatMul");
  EXPECT_THAT(refused(computed), HasSubstr("weight is computed with rounding"));
}

TEST(CheckersOnnx, UnknownThingsAreNamed) {
  Model op({1, 2});
  op.node("Sin", {"x"}, {"y"});
  EXPECT_EQ(refused(op), "y_node: operator Sin is not supported");
  Model attribute({1, 2});
  set_int(attribute.node("Relu", {"x"}, {"y"}), "speed", 3);
  EXPECT_EQ(refused(attribute), "y_node: attribute 'speed' of operator Relu is not supported");
  Model domain({1, 2});
  domain.node("Relu", {"x"}, {"y"}).set_domain("com.example");
  EXPECT_EQ(refused(domain), "y_node: operator Relu is not supported");
  Model order({1, 2});
  order.node("Relu", {"h"}, {"y"});
  order.node("Relu", {"x"}, {"h"});
  EXPECT_EQ(refused(order), "y_node: it reads 'h', which no node before it defines");
  Model infinite({1, 2});
  infinite.constant("w", {2, 1}, {1, INFINITY});
  infinite.node("MatMul", {"x", "w"}, {"y"});
  EXPECT_THAT(refused(infinite), HasSubstr("y_node: weight holds a number that is not finite"));
  Model twice({1, 2});
  twice.constant("w", {2, 1}, {1, 2}).constant("w", {2, 1}, {3, 4});
  twice.node("MatMul", {"x", "w"}, {"y"});
  EXPECT_EQ(refused(twice), "initialiser 'w' is defined twice");
  EXPECT_THAT(refusal([] { read_onnx(bytes_of("\x08\x07"), {}, no_external); }), HasSubstr("has no graph"));
  Model repeated({1, 2});
  repeated.node("Relu", {"x"}, {"y"});
  const std::string bytes = repeated.bytes() + repeated.bytes();
  EXPECT_THAT(refusal([&] { read_onnx(bytes_of(bytes), {}, no_external); }), HasSubstr("is repeated"));
}

TEST(CheckersOnnx, NoFileAsksForMoreThanItHolds) {
  Model wide({1, std::int64_t{1} << 40});
  wide.node("Relu", {"x"}, {"y"});
  EXPECT_THAT(refused(wide), HasSubstr("far more than a file of this size can mean"));
  Model shape({1, 2});
  shape.constant_integers("s", {std::int64_t{1} << 20, std::int64_t{1} << 20});
  shape.node("ConstantOfShape", {"s"}, {"c"});
  shape.node("Add", {"x", "c"}, {"y"});
  EXPECT_THAT(refused(shape), HasSubstr("c_node: this asks for"));
  // empty tensors whose other sizes are beyond all bounds
  Model empty({1, 2});
  empty.constant_integers("s", {0, std::int64_t{1} << 50})
      .constant_integers("a", {0})
      .constant_integers("b", {9});
  empty.constant_integers("axis", {1});
  empty.node("ConstantOfShape", {"s"}, {"e"});
  empty.node("Slice", {"e", "a", "b", "axis"}, {"c"});
  empty.node("Add", {"x", "c"}, {"y"});
  EXPECT_NE(refused(empty), "(it was read)");
}

TEST(CheckersOnnx, ExternalDataComeFromTheirFile) {
  Model m({1, 2});
  onnx::TensorProto w = Model::header("w", {2, 1}, onnx::TensorProto::FLOAT);
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : {std::pair{"location", "w.bin"}, std::pair{"offset", "4"}}) {
    auto* entry = w.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  m.tensor(w);
  m.node("MatMul", {"x", "w"}, {"y"});
  const std::string model = m.bytes();
  const std::vector<float> file{9, 0.5F, -3};
  const auto read_file = [&](const std::string& location) {
    EXPECT_EQ(location, "w.bin");
    std::vector<unsigned char> bytes(file.size() * sizeof(float));
    std::memcpy(bytes.data(), file.data(), bytes.size());
    return bytes;
  };
  const Network network = read_onnx(bytes_of(model), {}, read_file);
  EXPECT_EQ(std::get<Dense>(network.layers.at(0).op).weight, (std::vector<double>{0.5, -3}));
}

}  // namespace
}  // namespace geolip::checker
