// Certificates of networks that compare and sort: they pass the checker, and the bounds hold.
#include <geolip/estimate.hpp>
#include <geolip/io.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <checker/certificates.hpp>
#include <formats/maxima_models.hpp>
#include <formats/support.hpp>
#include <support/enumeration.hpp>

namespace geolip::checker {
namespace {

using test::MaxMinForm;
using test::Model;

class MaxMinBounds : public test::Files {
 protected:
  /// Bounds whose certificates pass the checker, and which are not below the constant itself.
  std::vector<double> bounds(const Model& model, geolip::Norm norm,
                             const std::vector<geolip::Objective>& objectives, const std::string& what) {
    const NetworkFile file = geolip::read_network(write("m.onnx", model.bytes()));
    Settings settings;
    settings.verify = Verify::on;
    settings.max_iterations = 2000;
    std::vector<double> upper;
    const CanonicalNetwork canonical = read_canonical(testing::bytes_of(canonical_bytes(file)));
    for (const Bound& bound : estimate(file.network, {norm, objectives}, settings).bounds) {
      const Verification verification = check(
          testing::bytes_of(certificate_text(file, bound)),
          [&](const Certificate&) -> const CanonicalNetwork& { return canonical; },
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
