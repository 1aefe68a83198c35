// Against an independent interior-point solver: tests/data/reference_sdp.json, made by
// tests/tools/reference_sdp.py.
#include <geolip/estimate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <support/paths.hpp>

namespace geolip {
namespace {

using nlohmann::json;

json load_cases() {
  std::ifstream file(geolip::test::test_data() + "/reference_sdp.json");
  return json::parse(file).at("cases");
}

/// The network of a case and the slope intervals that it prescribes, as an override of ReLU's.
std::pair<Network, SlopeOverride> make_network(const json& layers) {
  Network network(static_cast<Index>(layers.at(0).at("weight").at(0).size()));
  SlopeOverride slopes;
  for (const json& layer : layers) {
    const json& rows = layer.at("weight");
    Dense dense;
    dense.weight = Matrix(static_cast<Index>(rows.size()), static_cast<Index>(rows.at(0).size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < rows[i].size(); ++j) {
        dense.weight(static_cast<Index>(i), static_cast<Index>(j)) = rows[i][j].get<double>();
      }
    }
    network.add({"dense", dense});
    if (layer.at("slopes").is_null()) continue;
    network.add({"activation", Activation(ActivationKind::relu)});
    auto& intervals = slopes.layers.emplace_back();
    for (const json& s : layer.at("slopes"))
      intervals.push_back({s.at(0).get<double>(), s.at(1).get<double>()});
  }
  return {network, slopes};
}

Objective make_objective(const json& o) {
  const auto kind = o.at("kind").get<std::string>();
  if (kind == "output") return Objective::output(o.at("k").get<Index>());
  if (kind == "margin") return Objective::margin(o.at("k").get<Index>(), o.at("j").get<Index>());
  if (kind == "row") return Objective::weighted(o.at("row").get<std::vector<double>>());
  return Objective::vector();
}

class Reference : public testing::TestWithParam<Precision> {};

TEST_P(Reference, AgreesWithInteriorPoint) {
  const json cases = load_cases();
  ASSERT_GE(cases.size(), 30U);
  for (const json& c : cases) {
    SCOPED_TRACE(c.at("name").get<std::string>());
    const auto [network, slopes] = make_network(c.at("layers"));
    Query query;
    query.norm = norm_from_name(c.at("norm").get<std::string>());
    query.objectives = {make_objective(c.at("objective"))};
    query.objectives.front().slopes = slopes;
    Settings settings;
    settings.gap = 1e-7;
    settings.precision = GetParam();
    const Result result = estimate(network, query, settings);
    const Bound& bound = result.bounds.front();
    const auto sdp = c.at("sdp").get<double>();
    EXPECT_NE(bound.status, Status::limit)
        << bound.gap() << " after " << bound.iterations << " sweeps at rank " << bound.rank;
    EXPECT_NEAR(bound.upper, sdp, 1e-6 * sdp);
    EXPECT_NEAR(bound.relaxation, sdp, 1e-6 * sdp);
    EXPECT_LE(bound.lower, bound.relaxation);
    EXPECT_LE(bound.relaxation, bound.upper);
    if (!c.at("fgl").is_null()) {
      const auto fgl = c.at("fgl").get<double>();
      EXPECT_LE(bound.lower, fgl * (1.0 + 1e-12));
      EXPECT_GE(bound.upper, fgl * (1.0 - 1e-12));
      // on nets of this size the best start finds the best pattern, or nearly
      EXPECT_GE(bound.lower, 0.95 * fgl);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, Reference, testing::Values(Precision::automatic, Precision::float64),
                         [](const auto& param_info) {
                           return param_info.param == Precision::float64 ? "float64" : "automatic";
                         });

}  // namespace
}  // namespace geolip
