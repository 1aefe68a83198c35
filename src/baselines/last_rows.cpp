#include "baselines/last_rows.hpp"

#include <cmath>
#include <stdexcept>

#include "baselines/eigen_view.hpp"

namespace geolip::baselines {
namespace {

/// Signed rows with a bound on the error of each entry, row i times 2^exponents[i].
struct SignedRows {
  Eigen::MatrixXd values;
  Eigen::MatrixXd errors;
  std::vector<std::int64_t> exponents;
};

void normalise(SignedRows& rows) {
  for (Eigen::Index i = 0; i < rows.values.rows(); ++i) {
    Eigen::MatrixXd both(2, rows.values.cols());
    both << rows.values.row(i), rows.errors.row(i);
    const int e = largest_exponent(both);
    scale_by_power(both, -e);
    for (Eigen::Index j = 0; j < both.cols(); ++j) {
      // A tiny value becomes part of the error.
      if (both(0, j) != 0.0 && std::abs(both(0, j)) < smallest_entry) {
        both(0, j) = 0.0;
        both(1, j) += smallest_entry;
      }
    }
    raise_tiny(both);
    rows.values.row(i) = both.row(0);
    rows.errors.row(i) = both.row(1);
    rows.exponents[static_cast<std::size_t>(i)] += e;
  }
}

/// rows <- rows * layer.
struct PullBack {
  SignedRows& rows;

  void operator()(const Dense& dense) const {
    Eigen::MatrixXd weight = view(dense.weight);
    shift_by(normalise_factor(weight));
    Eigen::MatrixXd magnitude = weight.cwiseAbs();
    raise_tiny(magnitude);
    // |fl(r W) - r W| <= gamma |r||W|, for any order of summation; the bound's own roundings are in gamma
    const double gamma = 2.0 * (static_cast<double>(weight.rows()) + 8.0) * unit_roundoff;
    const Eigen::MatrixXd terms = rows.values.cwiseAbs() * magnitude;
    rows.errors = (1.0 + 2.0 * gamma) * (rows.errors * magnitude + gamma * terms);
    rows.values = rows.values * weight;
    normalise(rows);
  }

  void operator()(const Affine& affine) const {
    const auto n = static_cast<Eigen::Index>(affine.scale.size());
    Eigen::MatrixXd scale = Eigen::Map<const Eigen::VectorXd>(affine.scale.data(), n);
    shift_by(normalise_factor(scale));
    Eigen::MatrixXd magnitude = scale.cwiseAbs();
    raise_tiny(magnitude);
    const auto factor = magnitude.col(0).asDiagonal();
    const Eigen::MatrixXd terms = rows.values.cwiseAbs() * factor;
    rows.errors = (1.0 + 8.0 * unit_roundoff) * (rows.errors * factor + 2.0 * unit_roundoff * terms);
    rows.values = rows.values * scale.col(0).asDiagonal();
    normalise(rows);
  }

  void operator()(const Permutation& permutation) const {
    const SignedRows before = rows;
    for (Eigen::Index i = 0; i < rows.values.cols(); ++i) {
      const Index to = permutation.source[static_cast<std::size_t>(i)];
      rows.values.col(to) = before.values.col(i);
      rows.errors.col(to) = before.errors.col(i);
    }
  }

  void operator()(const Activation&) const {}  // there is none behind the last one

  template <class Op>
  void operator()(const Op&) const {
    throw std::logic_error("only plain networks have last rows");
  }

 private:
  static int normalise_factor(Eigen::MatrixXd& m) {
    const int e = largest_exponent(m);
    scale_by_power(m, -e);
    return e;
  }
  void shift_by(int e) const {
    for (std::int64_t& exponent : rows.exponents) exponent += e;
  }
};

}  // namespace

std::size_t layers_to_last_activation(const Network& network) {
  const std::vector<Layer>& layers = network.layers();
  std::size_t n = layers.size();
  while (n > 0 && !std::holds_alternative<Activation>(layers[n - 1].op)) --n;
  return n;
}

ScaledRows last_rows(const Network& network, std::size_t first, const Eigen::MatrixXd& objectives) {
  SignedRows rows{objectives, Eigen::MatrixXd::Zero(objectives.rows(), objectives.cols()),
                  std::vector<std::int64_t>(static_cast<std::size_t>(objectives.rows()), 0)};
  normalise(rows);
  for (std::size_t l = network.layers().size(); l-- > first;) {
    std::visit(PullBack{rows}, network.layers()[l].op);
  }
  ScaledRows result{(1.0 + 4.0 * unit_roundoff) * (rows.values.cwiseAbs() + rows.errors), rows.exponents};
  normalise(result);
  return result;
}

}  // namespace geolip::baselines
