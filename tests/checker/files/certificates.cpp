#include "checker/files/certificates.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "checker/files/support.hpp"

namespace geolip::checker::testing {

using nlohmann::json;

std::string tiny_network() {
  return "// a tiny "
         "network\n2,2,1,2,\n2,2,1,\n0\n-1,-1,\n1,1,\n0,0,0,\n1,1,1,\n1,2,\n3,-1,\n0,\n0,\n1,-1,\n0,\n";
}

NetworkSource tiny_source() {
  const std::string text = tiny_network();
  return {std::vector<unsigned char>(text.begin(), text.end()), ".nnet", no_external};
}

json tiny_certificate(Norm norm) {
  json certificate = json::parse(R"({
    "format": "geolip-certificate", "version": 1, "tool": "by hand",
    "network": {"file": "tiny.nnet", "inputs": 2, "outputs": 1,
      "stages": [{"inputs": 2, "outputs": 2, "activation": "relu"}, {"inputs": 2, "outputs": 1}]},
    "query": {"objective": {"output": 0}},
    "bound_decimal": 10.0, "inflation": 0.0})");
  certificate["network"]["sha256"] = tiny_source().sha256();
  certificate["query"]["norm"] = to_string(norm);
  json proof = json::parse(R"({"zeta": "0x1p+2", "lambda": [["0x1p+0", "0x1p+0"]]})");
  const std::string bound = norm == Norm::linf ? "0x1.4p+3" : "0x1.08p+3";
  certificate["bound"] = bound;
  proof["bound"] = bound;
  if (norm == Norm::l1) {
    for (int j = 0; j < 2; ++j) {
      json one = proof;
      one["coordinates"] = {j};
      one["gamma"] = {j == 0 ? "0x1p+2" : "0x1p+1"};
      certificate["proofs"].push_back(one);
    }
    return certificate;
  }
  proof["gamma"] = norm == Norm::linf ? json{"0x1p+2", "0x1p+1"} : json::array({"0x1p+2"});
  certificate["proofs"] = json::array({proof});
  return certificate;
}

double true_constant(const Certificate& certificate) {
  double factor = 1.0;  // the one output's coefficient
  if (certificate.objective.kind == Objective::Kind::row) factor = certificate.objective.row.at(0);
  const std::array<std::array<double, 2>, 2> w{{{1, 2}, {3, -1}}};
  const std::array<double, 2> f{1, -1};
  double largest = 0.0;
  for (unsigned pattern = 0; pattern < 4; ++pattern) {
    std::array<double, 2> gradient{};
    for (std::size_t i = 0; i < 2; ++i) {
      double slope = (pattern >> i & 1U) != 0 ? 1.0 : 0.0;
      if (!certificate.slopes.empty()) {
        const SlopeIntervals& own = certificate.slopes[0];
        slope = slope == 1.0 ? own.upper[i] : own.lower[i];
      }
      for (std::size_t j = 0; j < 2; ++j) gradient[j] += factor * f[i] * slope * w[i][j];
    }
    const double a = std::abs(gradient[0]);
    const double b = std::abs(gradient[1]);
    const double norm = certificate.norm == Norm::linf ? a + b
                        : certificate.norm == Norm::l2 ? std::hypot(a, b)
                                                       : std::max(a, b);
    largest = std::max(largest, norm);
  }
  return largest;
}

Verification verdict(const std::string& certificate, bool exact) {
  NetworkSource source = tiny_source();
  return check(bytes_of(certificate), source, [exact](const Network& network, const Proof& proof) {
    return exact ? prove_exactly(network, proof) : prove(network, proof);
  });
}

}  // namespace geolip::checker::testing
