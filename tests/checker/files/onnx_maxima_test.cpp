// Maxima, minima and sorting: the checker finds the product's neurons, and bounds that use what they share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <geolip/estimate.hpp>
#include <geolip/io.hpp>

#include <cmath>
#include <limits>
#include <random>

#include "checker/files/onnx_support.hpp"
#include "checker/prove.hpp"
#include "formats/maxima_models.hpp"
#include "support/enumeration.hpp"

namespace geolip::checker {
namespace {

using test::MaxMinForm;
using test::Model;
using test::set_float;
using test::set_int;
using test::set_ints;
using testing::expect_agreement;
using ::testing::HasSubstr;
using testing::numbers;
using testing::refused;

TEST(CheckersOnnxMaxima, OfTensorsConstantsAndAxes) {
  for (const char* op : {"Max", "Min"}) {
    Model m({1, 2, 3});
    m.constant("c", {}, {0.5F}).constant("d", {3}, {-1, 0, 2}).constant_integers("s", {1, 1, 2, 3});
    m.node("Relu", {"x"}, {"r"});
    m.node("Neg", {"x"}, {"n"});
    m.node(op, {"r", "c", "x", "d", "n"}, {"p"});
    m.node(op, {"d", "p"}, {"q"});
    m.node("Reshape", {"q", "s"}, {"t"});
    m.node(op, {"t", "n", "q"}, {"u"});
    m.node(op, {"u"}, {"y"});
    expect_agreement(m, op);
  }
  for (const char* op : {"ReduceMax", "ReduceMin"}) {
    for (const int keep : {0, 1}) {
      for (const std::vector<std::int64_t>& axes : {std::vector<std::int64_t>{1}, {-1, 1}, {2}, {0, 1, 2}}) {
        Model m({1, 5, 3});
        auto& node = m.node(op, {"x"}, {"y"});
        set_ints(node, "axes", axes);
        set_int(node, "keepdims", keep);
        expect_agreement(m, op);
        Model list({1, 5, 3}, 18);
        list.constant_integers("a", axes);
        list.node("Tanh", {"x"}, {"r"});
        set_int(list.node(op, {"r", "a"}, {"y"}), "keepdims", keep);
        expect_agreement(list, op);
      }
    }
  }
  Model absolute({1, 3});
  absolute.node("Abs", {"x"}, {"a"});
  set_float(absolute.node("LeakyRelu", {"a"}, {"y"}), "alpha", -1.0F);
  expect_agreement(absolute, "Abs");
}

TEST(CheckersOnnxMaxima, Sorting) {
  for (std::int64_t n = 2; n <= 17; ++n) {
    for (const std::int64_t k : {std::int64_t{1}, std::int64_t{2}, (n + 1) / 2, n}) {
      for (const bool largest : {true, false}) {
        expect_agreement(test::top_k({1, n}, k, 1, largest),
                         "TopK " + std::to_string(n) + " " + std::to_string(k));
        expect_agreement(test::top_k({1, 2, n, 3}, k, 2, largest), "TopK inside");
      }
    }
  }
  Model old({1, 3}, 9);
  set_int(old.node("TopK", {"x"}, {"y", "which"}), "k", 2);
  expect_agreement(old, "TopK of version 1");
}

TEST(CheckersOnnxMaxima, NeuronsAreSharedByTheSameElementsAlone) {
  // in each a second comparison of what may, or may not, be the same elements
  const std::vector<std::function<void(Model&)>> seconds{
      [](Model& m) {
        m.node("Min", {"n", "x"}, {"q"});
      },
      [](Model& m) {
        m.node("Add", {"n", "c"}, {"o"});
        m.node("Min", {"o", "x"}, {"q"});
      },
      [](Model& m) {
        m.node("Add", {"n", "zero"}, {"o"});
        m.node("Min", {"o", "x"}, {"q"});
      },
      [](Model& m) {
        m.node("Mul", {"one", "n"}, {"o"});
        m.node("Min", {"o", "x"}, {"q"});
      },
      [](Model& m) {
        m.node("Max", {"n", "x"}, {"o"});
        m.node("Min", {"x", "o"}, {"r"});
        m.node("Max", {"x", "p"}, {"s"});
        m.node("Add", {"r", "s"}, {"q"});
      },
      [](Model& m) {
        m.node("Max", {"x", "c"}, {"o"});
        m.node("Min", {"c", "x"}, {"r"});
        m.node("Add", {"r", "o"}, {"q"});
      },
      [](Model& m) {
        m.node("Max", {"x", "c", "zero"}, {"o"});
        m.node("Min", {"one", "x"}, {"r"});
        m.node("Add", {"r", "o"}, {"q"});
      },
      [](Model& m) {
        m.constant_integers("i", {2, 0, 3, 1});
        m.node("Concat", {"x", "n"}, {"o"});
        set_int(*m.graph().mutable_node(m.graph().node_size() - 1), "axis", 1);
        set_int(m.node("Gather", {"o", "i"}, {"g"}), "axis", 1);
        m.constant_integers("s", {2, 2});
        m.node("Reshape", {"g", "s"}, {"h"});
        set_ints(m.node("ReduceMin", {"h"}, {"r"}), "axes", {1});
        m.constant_integers("f", {1, 2});
        m.node("Reshape", {"r", "f"}, {"q"});
      }};
  int i = 0;
  for (const auto& add : seconds) {
    Model m({1, 2});
    m.constant("c", {}, {1}).constant("zero", {}, {0}).constant("one", {}, {1});
    m.constant("w", {2, 2}, {1, 2, 3, 4});
    m.node("MatMul", {"x", "w"}, {"n"});
    m.node("Max", {"x", "n"}, {"p"});
    add(m);
    set_int(m.node("Concat", {"p", "q"}, {"y"}), "axis", 1);
    expect_agreement(m, "second comparison " + std::to_string(i++));
  }
}

/// A graph of random operators on six elements, some of which compare the same ones again.
Model random_graph(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&random](std::size_t n) { return random() % n; };
  Model m({1, 6});
  m.constant("zero", {}, {0}).constant("one", {}, {1}).constant("c", {6}, {1, -1, 0, 2, 1, -2});
  m.constant("w", {6, 6}, numbers(36)).constant_integers("k", {2}).constant_integers("all", {6});
  m.constant_integers("pairs", {1, 3, 2})
      .constant_integers("halves", {1, 2, 3})
      .constant_integers("flat", {1, 6});
  m.constant_integers("back", {5, 4, 3, 2, 1, 0}).constant_integers("mixed", {3, 0, 4, 1, 5, 2});
  std::vector<std::string> tensors{"x"};
  std::vector<std::string> unread{"x"};
  const auto pick = [&] {
    const std::string& name = tensors[below(tensors.size())];
    std::erase(unread, name);
    return name;
  };
  for (int i = 0; i < 12; ++i) {
    const std::string out = "t" + std::to_string(i);
    const auto part = [&out](const char* name) { return out + name; };
    const bool coin = below(2) == 0;
    const char* op = coin ? "Max" : "Min";
    switch (below(9)) {
      case 0:
        m.node(op, {pick(), pick()}, {out});
        break;
      case 1:
        m.node(op, {pick(), coin ? "c" : "one", pick(), pick()}, {out});
        break;
      case 2:
        m.node(op, {below(2) == 0 ? "c" : "zero", pick()}, {out});
        break;
      case 3:
        set_int(m.node("Gather", {pick(), coin ? "back" : "mixed"}, {out}), "axis", 1);
        break;
      case 4:
        m.node(coin ? "Add" : "Mul", {pick(), coin ? "zero" : "one"}, {out});
        break;
      case 5:
        m.node("MatMul", {pick(), "w"}, {out});
        break;
      case 6: {
        m.node("Reshape", {pick(), "pairs"}, {part("g")});
        set_int(m.node("TopK", {part("g"), "k"}, {part("h")}), "largest", coin ? 1 : 0);
        m.node("Reshape", {part("h"), "flat"}, {out});
        break;
      }
      case 7:
        set_int(m.node("TopK", {pick(), "all"}, {out}), "largest", coin ? 1 : 0);
        break;
      default: {
        m.node("Reshape", {pick(), coin ? "pairs" : "halves"}, {part("g")});
        set_ints(m.node("ReduceMax", {part("g")}, {part("a")}), "axes", {coin ? 2 : 1});
        set_ints(m.node("ReduceMin", {part("g")}, {part("b")}), "axes", {coin ? 2 : 1});
        set_int(m.node("Concat", {part("b"), part("a")}, {part("h")}), "axis", coin ? 2 : 1);
        m.node("Reshape", {part("h"), "flat"}, {out});
      }
    }
    tensors.push_back(out);
    unread.push_back(out);
  }
  set_int(m.node("Concat", unread, {"y"}), "axis", 1);
  return m;
}

TEST(CheckersOnnxMaxima, RandomGraphs) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    expect_agreement(random_graph(seed), "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

TEST(CheckersOnnxMaxima, RefusesWhatItDoesNotUnderstand) {
  Model infinite({1, 2});
  infinite.constant("c", {}, {-std::numeric_limits<float>::infinity()});
  infinite.node("Max", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(infinite), "y_node: a constant operand holds a number that is not finite");
  Model whole({1, 2});
  whole.constant_integers("c", {0});
  whole.node("Max", {"x", "c"}, {"y"});
  EXPECT_EQ(refused(whole), "y_node: a constant operand is not of a float type");
  Model unsorted = test::top_k({1, 4}, 2, -1, true);
  set_int(*unsorted.graph().mutable_node(0), "sorted", 0);
  EXPECT_EQ(refused(unsorted), "y_node: operator TopK without sorting has no order, which is not supported");
  Model indices = test::top_k({1, 4}, 2, -1, true);
  indices.graph().mutable_node(0)->set_output(0, "v");
  indices.node("Add", {"v", "which"}, {"y"});
  EXPECT_EQ(refused(indices), "y_node: it reads 'which', which is not supported");
  Model computed({1, 4});
  computed.node("Relu", {"x"}, {"k"});
  computed.node("TopK", {"x", "k"}, {"y"});
  EXPECT_THAT(refused(computed), HasSubstr("y_node: operator TopK"));
  EXPECT_EQ(refused(test::top_k({1, 4}, 5, -1, true)), "y_node: operator TopK takes 5 of 4 elements");
  EXPECT_THAT(refused(test::top_k({1, 1000000}, 1000, 1, true)), HasSubstr("this asks for"));
}

class MaxMinBounds : public test::Files {
 protected:
  /// Bounds whose certificates pass the checker, and which are not below the constant itself.
  std::vector<double> bounds(const Model& model, geolip::Norm norm,
                             const std::vector<geolip::Objective>& objectives, const std::string& what) {
    const std::string bytes = model.bytes();
    const NetworkFile file = geolip::read_network(write("m.onnx", bytes));
    Settings settings;
    settings.verify = Verify::on;
    settings.max_iterations = 2000;
    std::vector<double> upper;
    for (const Bound& bound : estimate(file.network, {norm, objectives}, settings).bounds) {
      NetworkSource source{{bytes.begin(), bytes.end()}, ".onnx", testing::no_external};
      const std::string certificate = certificate_text(file, bound);
      const Verification verification =
          check(testing::bytes_of(certificate), source,
                [](const Network& network, const Proof& proof) { return prove(network, proof); });
      EXPECT_TRUE(verification.verified) << what << ": " << verification.reason;
      EXPECT_LE(test::enumerate_fgl(file.network, norm, bound.objective), bound.upper) << what;
      upper.push_back(bound.upper);
    }
    return upper;
  }
};

TEST_F(MaxMinBounds, OfOrthogonalNetworksAreOne) {
  for (const MaxMinForm form : test::maxmin_forms) {
    const std::string name = test::name_of(form);
    const auto upper = bounds(test::orthogonal_maxmin(form), geolip::Norm::l2,
                              {geolip::Objective::vector(), geolip::Objective::output(0)}, name);
    EXPECT_NEAR(upper[0], 1.0, 1e-3) << name;
    EXPECT_NEAR(upper[1], 1.0, 1e-3) << name;
  }
}

TEST_F(MaxMinBounds, HoldForNetworksOfAllTheseOperators) {
  for (const MaxMinForm form : test::maxmin_forms) {
    Model m({1, 4});
    std::mt19937 random(1);
    std::vector<float> weights;
    for (int i = 0; i < 16; ++i) weights.push_back(static_cast<float>(random() % 2001) / 1000.0F - 1.0F);
    m.constant("w", {4, 4}, weights).constant("c", {4}, {0.5F, -1, 0, 2}).constant_integers("k", {2});
    m.node("MatMul", {"x", "w"}, {"p"});
    test::add_maxmin(m, form, "p", "q");
    m.node("MatMul", {"q", "w"}, {"r"});
    m.node("Min", {"c", "r"}, {"s"});
    m.node("Abs", {"s"}, {"t"});
    m.node("TopK", {"t", "k"}, {"y", "which"});
    for (const geolip::Norm norm : {geolip::Norm::l2, geolip::Norm::linf, geolip::Norm::l1}) {
      bounds(m, norm,
             {geolip::Objective::output(0), geolip::Objective::output(1), geolip::Objective::margin(0, 1)},
             test::name_of(form));
    }
  }
}

}  // namespace
}  // namespace geolip::checker
