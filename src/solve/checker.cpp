#include <solve/checker.hpp>

#include <checker/layers.hpp>
#include <network/activation_form.hpp>
#include <problem/row.hpp>
#include <solve/smallest_bound.hpp>

namespace geolip::solve {
namespace {

checker::Real real(const ScaledNumber& x) { return {x.significand, x.exponent}; }

std::vector<checker::Real> reals(const std::vector<ScaledNumber>& x) {
  std::vector<checker::Real> result;
  result.reserve(x.size());
  for (const ScaledNumber& entry : x) result.push_back(real(entry));
  return result;
}

checker::Dense checker_layer(const Dense& dense) {
  return {dense.weight.rows, dense.weight.cols, dense.weight.data};
}

checker::Scale checker_layer(const Affine& affine) { return checker::scale_of(affine.scale); }

checker::Permutation checker_layer(const Permutation& permutation) { return {permutation.source}; }

checker::Sparse rows_of(const Conv& conv, bool transposed) {
  return checker::rows_of({conv.channels, conv.filters, conv.groups, conv.image, conv.kernel, conv.stride,
                           conv.dilation, conv.pads_before, conv.pads_after, conv.weight},
                          transposed);
}

checker::Sparse checker_layer(const Conv& conv) { return rows_of(conv, false); }
checker::Sparse checker_layer(const ConvTranspose& transpose) { return rows_of(transpose.conv, true); }
checker::Sparse checker_layer(const Sparse& sparse) {
  return {sparse.inputs, sparse.offset, sparse.column, sparse.value};
}

checker::Slopes checker_slopes(const Activation& activation, Index size) {
  const network::ActivationForm form = network::form_of(activation);
  std::vector<std::vector<double>> parameters;
  for (const auto& [name, values] : form.parameters) parameters.push_back(values);
  return checker::slopes_of(form.kind, parameters, size);
}

std::vector<std::vector<double>> objective_rows(const Proof& proof, const Objective& objective,
                                                Index outputs) {
  if (objective.kind != Objective::Kind::vector) return {problem::objective_row(objective, outputs).dense()};
  if (proof.objective_row >= 0) return {problem::Row::unit(proof.objective_row, outputs).dense()};
  std::vector<std::vector<double>> all;
  for (Index k = 0; k < outputs; ++k) all.push_back(problem::Row::unit(k, outputs).dense());
  return all;
}

checker::InputNorm checker_norm(Norm norm) {
  switch (norm) {
    case Norm::linf:
      return checker::InputNorm::linf;
    case Norm::l2:
      return checker::InputNorm::l2;
    case Norm::l1:
      break;
  }
  return checker::InputNorm::l1;
}

}  // namespace

double proved_bound(const Proof& proof, Norm norm) {
  return smallest_bound(checker_norm(norm), real(proof.zeta), reals(proof.gamma));
}

namespace {

/// A layer in the checker's terms.
struct Translate {
  std::size_t tensors;  ///< that it reads
  Index size;           ///< of its own

  decltype(checker::Layer::op) operator()(const Activation& activation) const {
    return checker_slopes(activation, size);
  }
  decltype(checker::Layer::op) operator()(const Add& add) const {
    return checker::Sum{add.coefficients.empty() ? std::vector<double>(tensors, 1.0) : add.coefficients};
  }
  decltype(checker::Layer::op) operator()(const Concat&) const { return checker::Concat{}; }
  template <class Op>
  decltype(checker::Layer::op) operator()(const Op& op) const {
    return checker_layer(op);
  }
};

}  // namespace

checker::Network checker_network(const Network& network) {
  checker::Network result{network.inputs(), network.outputs(), {}};
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const Layer& layer = network.layers()[l];
    const std::vector<Index>& reads = network.read_by(static_cast<Index>(l));
    result.layers.push_back(
        {layer.name, std::visit(Translate{reads.size(), network.size(static_cast<Index>(l + 1))}, layer.op),
         reads});
  }
  return result;
}

checker::Proof checker_proof(const Proof& proof, const Objective& objective, Norm norm, Index outputs) {
  checker::Proof result;
  result.claim.norm = checker_norm(norm);
  result.claim.rows = objective_rows(proof, objective, outputs);
  result.claim.coordinates = proof.coordinates;
  result.claim.bound = proof.bound;
  if (objective.slopes) {
    for (const std::vector<SlopeInterval>& layer : objective.slopes->layers) {
      checker::SlopeIntervals intervals;
      for (const SlopeInterval& interval : layer) {
        intervals.lower.push_back(interval.lower);
        intervals.upper.push_back(interval.upper);
      }
      result.claim.slopes.push_back(std::move(intervals));
    }
  }
  result.multipliers.zeta = real(proof.zeta);
  result.multipliers.gamma = reals(proof.gamma);
  for (const std::vector<ScaledNumber>& layer : proof.lambda)
    result.multipliers.lambda.push_back(reals(layer));
  return result;
}

}  // namespace geolip::solve
