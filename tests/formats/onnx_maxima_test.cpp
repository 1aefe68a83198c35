// Maxima, minima and sorting, against the definitions of ONNX.
#include <formats/maxima_models.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip {
namespace {

using test::MaxMinForm;
using test::Model;
using test::set_float;
using test::set_int;
using test::set_ints;
using ::testing::HasSubstr;
using Values = std::vector<double>;

Index neurons(const Network& network) {
  Index count = 0;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    if (std::holds_alternative<Activation>(network.layers()[l].op))
      count += network.size(static_cast<Index>(l + 1));
  }
  return count;
}

class OnnxMaxima : public test::Onnx {};

TEST_F(OnnxMaxima, OfTensorsAndConstants) {
  for (const bool largest : {true, false}) {
    const char* op = largest ? "Max" : "Min";
    Model m({1, 3});
    m.constant("c", {}, {0.5F}).constant("d", {3}, {-1, 0, 2});
    m.node("Neg", {"x"}, {"n"});
    m.node(op, {"c", "x", "d", "n"}, {"y"});
    for (const Values& x : {Values{1, -2, 3}, Values{0.25, 0, -0.25}, Values{-1, 1.5, 2.5}}) {
      Values expected;
      for (std::size_t i = 0; i < 3; ++i) {
        const std::initializer_list<double> all{x[i], -x[i], 0.5, i == 0 ? -1.0 : i == 1 ? 0.0 : 2.0};
        expected.push_back(largest ? std::max(all) : std::min(all));
      }
      EXPECT_EQ(evaluate(m, x), expected) << op;
    }
  }
}

TEST_F(OnnxMaxima, OfOneOperandIsThatOne) {
  Model m({1, 2});
  m.node("Max", {"x"}, {"z"});
  m.node("Neg", {"z"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, -2}), (Values{-1, 2}));
  EXPECT_EQ(neurons(network(m)), 0);
}

TEST_F(OnnxMaxima, OperandsAreBroadcast) {
  Model m({1, 2, 2});
  m.constant_integers("s", {2, 1, 2});
  m.node("Reshape", {"x", "s"}, {"r"});
  m.node("Max", {"x", "r"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, 2, 3, -4}), (Values{1, 2, 3, 2, 3, 2, 3, -4}));
}

TEST_F(OnnxMaxima, OverAxes) {
  const Values x{4, -1, 2, 7, 0, 3, -5, 6, 1, 8, -2, 5};
  const auto reduced = [&](const char* op, int opset, const std::vector<std::int64_t>& axes) {
    Model m({1, 3, 4}, opset);
    if (opset < 18) {
      auto& node = m.node(op, {"x"}, {"y"});
      set_ints(node, "axes", axes);
      set_int(node, "keepdims", 0);
    } else {
      m.constant_integers("a", axes);
      m.node(op, {"x", "a"}, {"y"});
    }
    return evaluate(m, x);
  };
  for (const int opset : {13, 18}) {
    EXPECT_EQ(reduced("ReduceMax", opset, {1}), (Values{4, 8, 2, 7}));
    EXPECT_EQ(reduced("ReduceMin", opset, {1}), (Values{0, -1, -5, 5}));
    EXPECT_EQ(reduced("ReduceMax", opset, {-1}), (Values{7, 6, 8}));
    EXPECT_EQ(reduced("ReduceMin", opset, {2, -2}), (Values{-5}));
  }
  Model none({1, 3}, 18);
  set_int(none.node("ReduceMax", {"x"}, {"z"}), "noop_with_empty_axes", 1);
  none.node("ReduceMin", {"z"}, {"y"});
  EXPECT_EQ(evaluate(none, {3, -1, 2}), (Values{-1}));
}

TEST_F(OnnxMaxima, TopKSorts) {
  // every order of zeros and ones: what sorts these sorts all (Knuth, 5.3.4, theorem Z)
  for (std::int64_t n = 2; n <= 9; ++n) {
    for (const std::int64_t k : {std::int64_t{1}, std::int64_t{2}, (n + 1) / 2, n}) {
      for (const bool largest : {true, false}) {
        const Network network = this->network(test::top_k({1, n}, k, 1, largest));
        for (unsigned bits = 0; bits < 1U << static_cast<unsigned>(n); ++bits) {
          Values x;
          for (std::int64_t i = 0; i < n; ++i)
            x.push_back((bits >> static_cast<unsigned>(i) & 1U) != 0 ? 1.0 : 0.0);
          Values expected = x;
          std::sort(expected.begin(), expected.end());
          if (largest) std::reverse(expected.begin(), expected.end());
          expected.resize(static_cast<std::size_t>(k));
          ASSERT_EQ(network.evaluate(x), expected) << n << " " << k << " " << bits;
        }
      }
    }
  }
}

TEST_F(OnnxMaxima, TopKAlongEveryAxis) {
  const Values x{4, -1, 2, 7, 0, 3, -5, 6, 1, 8, -2, 5};
  EXPECT_EQ(evaluate(test::top_k({1, 3, 4}, 2, 1, true), x), (Values{4, 8, 2, 7, 1, 3, -2, 6}));
  EXPECT_EQ(evaluate(test::top_k({1, 3, 4}, 3, -1, false), x), (Values{-1, 2, 4, -5, 0, 3, -2, 1, 5}));
  EXPECT_EQ(evaluate(test::top_k({1, 3, 4}, 1, 2, false), x), (Values{-1, -5, -2}));
  Model old({1, 3}, 9);
  set_int(old.node("TopK", {"x"}, {"y", "which"}), "k", 2);
  EXPECT_EQ(evaluate(old, {1, 3, 2}), (Values{3, 2}));
  Model one({1, 3});
  one.constant_integers("k", {1});
  set_int(one.node("TopK", {"x", "k"}, {"y", "which"}), "sorted", 0);
  EXPECT_EQ(evaluate(one, {1, 3, 2}), (Values{3}));
}

TEST_F(OnnxMaxima, MaxMinIsOneNeuronAPair) {
  for (const MaxMinForm form : test::maxmin_forms) {
    EXPECT_EQ(neurons(network(test::orthogonal_maxmin(form))), 4) << test::name_of(form);
    Model m({1, 4});
    test::add_maxmin(m, form, "x", "z");
    m.node("Neg", {"z"}, {"y"});
    Values y = evaluate(m, {1, 4, 3, -2});
    const bool halves = form == MaxMinForm::split;  // the pairs are (1, 3) and (4, -2), or neighbours
    if (halves || form == MaxMinForm::slices) {
      EXPECT_EQ(y, (halves ? Values{-3, -4, -1, 2} : Values{-4, -3, -1, 2})) << test::name_of(form);
    } else {
      EXPECT_EQ(y, (Values{-4, -1, -3, 2})) << test::name_of(form);
    }
  }
}

TEST_F(OnnxMaxima, NeuronsAreSharedByTheSameElementsAlone) {
  const auto count = [&](const std::function<void(Model&)>& add) {
    Model m({1, 2});
    m.constant("c", {}, {1})
        .constant("zero", {}, {0})
        .constant("one", {}, {1})
        .constant("w", {2, 2}, {1, 2, 3, 4});
    m.node("MatMul", {"x", "w"}, {"n"});
    m.node("Max", {"x", "n"}, {"p"});
    add(m);
    set_int(m.node("Concat", {"p", "q"}, {"y"}), "axis", 1);
    return neurons(network(m));
  };
  EXPECT_EQ(count([](Model& m) { m.node("Min", {"n", "x"}, {"q"}); }), 2);
  EXPECT_EQ(count([](Model& m) { m.node("Max", {"x", "n"}, {"q"}); }), 2);
  // what an operator computes is new
  for (const auto& change :
       {std::pair("Add", "c"), std::pair("Add", "zero"), std::pair("Mul", "one"), std::pair("Div", "one")}) {
    EXPECT_EQ(count([&](Model& m) {
                m.node(change.first, {"n", change.second}, {"o"});
                m.node("Min", {"o", "x"}, {"q"});
              }),
              4)
        << change.first;
  }
  // the larger of two elements is one element, whoever asks for it
  EXPECT_EQ(count([](Model& m) {
              m.node("Max", {"n", "x"}, {"o"});
              m.node("Max", {"o", "x"}, {"r"});
              m.node("Min", {"x", "p"}, {"s"});
              m.node("Sub", {"r", "s"}, {"q"});
            }),
            4);
  // a constant is what it is
  const auto limited = [&](const char* second) {
    Model m({1, 2});
    m.constant("c", {}, {1}).constant("d", {2}, {1, 1}).constant("e", {2}, {1, 2});
    m.node("Max", {"x", "c"}, {"p"});
    m.node("Min", {second, "x"}, {"q"});
    m.node("Add", {"p", "q"}, {"y"});
    EXPECT_EQ(evaluate(m, {3, -2}), (Values{4, -1})) << second;
    return neurons(network(m));
  };
  EXPECT_EQ(limited("d"), 2);
  EXPECT_EQ(limited("e"), 4);
}

TEST_F(OnnxMaxima, ABiasAddedInPlaceLeavesComparisonsAlone) {
  // d is read by both; its bias goes into a layer of its own
  Model m({1, 2});
  m.constant("w", {2, 2}, {1, 2, 3, 4}).constant("b", {2}, {10, 20});
  m.node("MatMul", {"x", "w"}, {"d"});
  m.node("Max", {"d", "x"}, {"p"});
  m.node("Add", {"d", "b"}, {"e"});
  m.node("Min", {"e", "x"}, {"q"});
  m.node("Sub", {"p", "q"}, {"y"});
  const auto at = [](double x0, double x1) {
    const double d0 = x0 + 3 * x1;
    const double d1 = 2 * x0 + 4 * x1;
    return Values{std::max(d0, x0) - std::min(d0 + 10, x0), std::max(d1, x1) - std::min(d1 + 20, x1)};
  };
  for (const auto& [a, b] : {std::pair(1.0, 2.0), std::pair(-3.0, -4.0), std::pair(-30.0, 2.0)})
    EXPECT_EQ(evaluate(m, {a, b}), at(a, b));
}

TEST_F(OnnxMaxima, AbsIsALeakyReluOfSlopeMinusOne) {
  Model m({1, 3});
  m.node("Abs", {"x"}, {"z"});
  set_float(m.node("LeakyRelu", {"x"}, {"r"}), "alpha", -1.0F);
  m.node("Add", {"z", "r"}, {"y"});
  EXPECT_EQ(evaluate(m, {1, -2, 0}), (Values{2, 4, 0}));
  const Network network = this->network(m);
  for (const Layer& layer : network.layers()) {
    if (const auto* activation = std::get_if<Activation>(&layer.op)) {
      EXPECT_EQ(slope_interval(*activation, 0).lower, -1.0);
      EXPECT_EQ(slope_interval(*activation, 0).upper, 1.0);
    }
  }
}

TEST_F(OnnxMaxima, WhatIsNotUnderstoodIsRefusedByName) {
  const auto limit = [&](const onnx::TensorProto& constant) {
    Model m({1, 2});
    m.tensor(constant);
    m.node("Max", {"x", "c"}, {"y"});
    return refused(m);
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(limit(Model::floats("c", {}, {-infinity})),
            "y_node: a constant operand of operator Max is not finite");
  EXPECT_EQ(limit(Model::floats("c", {}, {std::nanf("")})),
            "y_node: a constant operand of operator Max is not finite");
  EXPECT_EQ(limit(Model::integers("c", {1}, {0})), "y_node: a constant operand is not of a float type");
  EXPECT_EQ(limit(Model::floats("c", {2, 1}, {1, 2})),
            "y_node: a constant of 2x1 would repeat data of 1x2, which is not supported");
  EXPECT_THAT(limit(Model::floats("c", {3}, {1, 2, 3})), HasSubstr("broadcast"));

  const auto sorted = [&](const std::function<void(Model&, onnx::NodeProto&)>& change) {
    Model m = test::top_k({1, 4}, 2, -1, true);
    change(m, *m.graph().mutable_node(0));
    return refused(m);
  };
  EXPECT_EQ(sorted([](Model&, auto& n) { set_int(n, "sorted", 0); }),
            "y_node: operator TopK without sorting has no order, which is not supported");
  EXPECT_EQ(sorted([](Model&, auto& n) { set_int(n, "k", 2); }),
            "y_node: attribute 'k' of operator TopK is none of its version 13");
  EXPECT_EQ(sorted([](Model& m, auto& n) {
              m.node("Cast", {"which"}, {"i"});
              n.set_output(0, "v");
              m.node("Add", {"v", "i"}, {"y"});
            }),
            "y_node: the indices of operator TopK are read, which is not supported");
  EXPECT_EQ(sorted([](Model& m, auto& n) {
              m.constant_integers("five", {5});
              n.set_input(1, "five");
            }),
            "y_node: operator TopK takes 5 of 4 elements");
  Model computed({1, 4});
  computed.node("Relu", {"x"}, {"k"});
  computed.node("TopK", {"x", "k"}, {"y"});
  EXPECT_EQ(refused(computed), "y_node: operator TopK joins two computed tensors, which is not supported");
  EXPECT_EQ(sorted([](Model& m, auto& n) {
              m.constant("real", {1}, {2});
              n.set_input(1, "real");
            }),
            "y_node: K of operator TopK must be one whole number");
}

TEST_F(OnnxMaxima, ALongAxisIsNoSmallFile) {
  EXPECT_THAT(refused(test::top_k({1, 1000000}, 1000, 1, true)), HasSubstr("this asks for"));
  EXPECT_EQ(neurons(network(test::top_k({1, 1000}, 1, 1, true))), 999);
}

}  // namespace
}  // namespace geolip
