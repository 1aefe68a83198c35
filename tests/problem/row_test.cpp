// Rows over the outputs, and the network of some outputs alone.
#include <geolip/error.hpp>
#include <network/entries.hpp>
#include <problem/chain.hpp>
#include <problem/row.hpp>
#include <support/messages.hpp>

#include <gtest/gtest.h>

namespace geolip::problem {
namespace {

TEST(Rows, HoldWhatIsNotZero) {
  const Row row({0.0, -2.0, 0.0, 0.5});
  EXPECT_EQ(row.index, (std::vector<Index>{1, 3}));
  EXPECT_EQ(row.value, (std::vector<double>{-2.0, 0.5}));
  EXPECT_EQ(row.dense(), (std::vector<double>{0.0, -2.0, 0.0, 0.5}));
  EXPECT_EQ(row.largest(), 2.0);
  EXPECT_EQ(Row(std::vector<double>{0.0, 0.0}).largest(), 0.0);
  EXPECT_FALSE(Row(std::vector<double>{0.0}).empty());
  EXPECT_TRUE(Row().empty());
}

TEST(Rows, AreThoseOfTheObjectives) {
  EXPECT_EQ(objective_row(Objective::output(1), 3).dense(), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(objective_row(Objective::margin(0, 2), 3).dense(), (std::vector<double>{1, 0, -1}));
  EXPECT_EQ(objective_row(Objective::margin(2, 0), 3).dense(), (std::vector<double>{-1, 0, 1}));
  EXPECT_EQ(objective_row(Objective::weighted({0, 3, 0}), 3).dense(), (std::vector<double>{0, 3, 0}));
  EXPECT_TRUE(objective_row(Objective::vector(), 3).empty());
}

TEST(Rows, TakeNoMoreMemoryWhereOutputsAreMany) {
  const Row row = objective_row(Objective::margin(999'999'999'999, 5), 1'000'000'000'000);
  EXPECT_EQ(row.index, (std::vector<Index>{5, 999'999'999'999}));
  EXPECT_EQ(row.value, (std::vector<double>{-1.0, 1.0}));
}

/// Every entry of the stage's map, by its layers.
std::vector<double> through(const Stage& stage, std::vector<double> x) {
  for (const Step& step : stage.steps) {
    std::vector<double> y(static_cast<std::size_t>(step.size), 0.0);
    const auto add = [&](Index i, Index j, double w) {
      y[static_cast<std::size_t>(i)] += w * x[static_cast<std::size_t>(j)];
    };
    if (const auto* dense = std::get_if<Dense>(&step.layer->op)) {
      for (Index i = 0; i < dense->weight.rows; ++i) {
        for (Index j = 0; j < dense->weight.cols; ++j) add(i, j, dense->weight(i, j));
      }
    } else {
      network::for_each_entry(std::get<Sparse>(step.layer->op), add);
    }
    x = std::move(y);
  }
  return x;
}

TEST(SomeOutputs, AreThoseOfTheWhole) {
  Matrix weight(5, 2);
  for (std::size_t i = 0; i < weight.data.size(); ++i) weight.data[i] = static_cast<double>(i * i + 1);
  Sparse twice;
  twice.inputs = 5;
  for (Index i = 0; i < 5; ++i) {
    twice.add(4 - i, 2.0);
    twice.end_row();
  }
  for (const bool ends_in_dense : {true, false}) {
    Network network(2);
    network.add({"relu", Activation(ActivationKind::relu)});
    network.add({"dense", Dense{weight, {1, 2, 3, 4, 5}}});
    if (!ends_in_dense) network.add({"twice", twice});
    const Chain whole = make_chain(network);
    const std::vector<double> all = through(whole.stages.back(), {1.0, -3.0});
    for (Index first = 0; first < 5; ++first) {
      for (Index count = 1; first + count <= 5; ++count) {
        Layer end;
        const Chain some = with_outputs(whole, first, count, end);
        EXPECT_EQ(some.stages.back().outputs, count);
        EXPECT_EQ(through(some.stages.back(), {1.0, -3.0}),
                  std::vector<double>(all.begin() + first, all.begin() + first + count));
      }
    }
  }
}

}  // namespace
}  // namespace geolip::problem
