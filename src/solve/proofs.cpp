#include <solve/proofs.hpp>

#include <network/at.hpp>
#include <solve/checker.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::solve {
namespace {

using certificate::Certificate;

// Of the largest gamma that the bound allows.
constexpr double smallest_share = 1e-12;

/// One list for each activation of the network, whatever layer it shares; those that lead nowhere keep their zeros.
Proof empty_proof(const problem::Chain& chain) {
  Proof proof;
  for (const Index size : chain.activation_sizes)
    proof.lambda.emplace_back(static_cast<std::size_t>(size), ScaledNumber{0.0, 0});
  return proof;
}

}  // namespace

Proof make_proof(const Certificate& certificate, const problem::Chain& chain, const problem::Scaling& scaling,
                 int exponent, Norm norm) {
  const certificate::Multipliers& m = certificate.multipliers;
  Proof proof = empty_proof(chain);
  proof.inflation = certificate.inflation;
  proof.zeta = {m.zeta, -2 * std::int64_t{exponent}};
  for (const double gamma : m.gamma) proof.gamma.push_back({gamma, 0});
  for (std::size_t k = 0; k < m.lam.size(); ++k) {
    for (const problem::Block& block : chain.layers[k]) {
      if (block.activation == nullptr) continue;
      std::vector<ScaledNumber>& lambda = at(proof.lambda, block.number);
      for (std::size_t i = 0; i < lambda.size(); ++i) {
        const std::size_t row = static_cast<std::size_t>(block.first) + i;
        lambda[i] = {m.lam[k][row], 2 * std::int64_t{scaling.tensors[k + 1][row]}};
      }
    }
  }
  proof.bound = proved_bound(proof, norm);
  return proof;
}

std::vector<Proof> make_coordinate_proofs(const std::vector<Certificate>& certificates,
                                          const problem::Chain& chain, const problem::Scaling& scaling,
                                          int exponent, double bound) {
  std::vector<Proof> proofs;
  if (certificates.empty()) return proofs;
  const std::size_t count = certificates.front().coordinates.size();
  std::vector<char> covered(count, 0);
  std::size_t left = count;
  for (const Certificate& certificate : certificates) {
    std::vector<Index> own;
    for (std::size_t j = 0; j < count; ++j) {
      if (covered[j] == 0 && certificate.coordinates[j] <= bound) own.push_back(static_cast<Index>(j));
    }
    if (own.empty()) continue;
    Certificate part = certificate;
    part.multipliers.gamma.clear();
    // A coordinate that does not matter has gamma 0; any positive number is as valid.
    for (const Index j : own) {
      const double gamma = at(certificate.multipliers.gamma, j);
      const double most = bound * bound / (4.0 * certificate.multipliers.zeta);
      part.multipliers.gamma.push_back(std::max(gamma, smallest_share * most));
      at(covered, j) = 1;
    }
    left -= own.size();
    proofs.push_back(make_proof(part, chain, scaling, exponent, Norm::l1));
    proofs.back().coordinates = std::move(own);
    if (left == 0) return proofs;
  }
  return {};
}

Proof make_linear_proof(double bound, const std::vector<double>& gradient, const problem::Chain& chain,
                        Norm norm) {
  Proof proof = empty_proof(chain);
  // 4 zeta gamma_j = bound^2; l_inf: gamma_j = |g_j| / 2, and their sum is zeta
  proof.zeta = {bound, -1};
  proof.gamma.assign(norm == Norm::l2 ? 1 : gradient.size(), {bound, -1});
  if (norm == Norm::l1) proof.coordinates = all_coordinates(static_cast<Index>(gradient.size()));
  const double least = smallest_share * bound / static_cast<double>(gradient.size());
  for (std::size_t j = 0; norm == Norm::linf && j < gradient.size(); ++j)
    proof.gamma[j].significand = std::max(std::abs(gradient[j]), least);
  proof.bound = proved_bound(proof, norm);
  return proof;
}

std::vector<Index> all_coordinates(Index inputs) {
  std::vector<Index> all(static_cast<std::size_t>(inputs));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

Proof inflate(Proof proof, double d, Norm norm) {
  const auto layers = static_cast<Index>(proof.lambda.size());
  const std::vector<double> factors = certificate::inflation_factors(layers, d);
  proof.inflation = proof.inflation + d + proof.inflation * d;
  proof.zeta.significand *= factors.front();
  for (Index k = 0; k < layers; ++k) {
    for (ScaledNumber& lambda : at(proof.lambda, k)) lambda.significand *= at(factors, layers - k);
  }
  for (ScaledNumber& gamma : proof.gamma) gamma.significand *= factors.back();
  proof.bound = proved_bound(proof, norm);
  return proof;
}

}  // namespace geolip::solve
