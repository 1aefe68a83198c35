#include "baselines/last_rows.hpp"

#include <cmath>
#include <stdexcept>

#include "baselines/eigen_view.hpp"

namespace geolip::baselines {
namespace {

/// Signed rows with a bound on the error of each entry: entry (i, j) times 2^(exponents[i] + columns[j]).
struct SignedRows {
  Eigen::MatrixXd values;
  Eigen::MatrixXd errors;
  std::vector<std::int64_t> exponents;
  std::vector<std::int64_t> columns;
};

void absorb_columns(SignedRows& rows) {
  for (Eigen::Index i = 0; i < rows.values.rows(); ++i) {
    Eigen::MatrixXd both(2, rows.values.cols());
    both << rows.values.row(i), rows.errors.row(i);
    rows.exponents[static_cast<std::size_t>(i)] += rescale(both, rows.columns);
    // What raised a tiny value becomes part of the error.
    for (Eigen::Index j = 0; j < both.cols(); ++j) {
      if (std::abs(both(0, j)) == smallest_entry) both(1, j) += smallest_entry;
    }
    rows.values.row(i) = both.row(0);
    rows.errors.row(i) = both.row(1);
  }
  rows.columns.assign(rows.columns.size(), 0);
}

/// rows <- rows * layer.
struct PullBack {
  SignedRows& rows;

  void operator()(const Dense& dense) const {
    const ScaledMatrix weight = balanced(dense.weight.rows, dense.weight.cols, [&](Index i, Index j) {
      return Scaled{dense.weight(i, j), 0};
    });
    for (std::size_t k = 0; k < weight.rows.size(); ++k) rows.columns[k] += weight.rows[k];
    absorb_columns(rows);
    const Eigen::MatrixXd magnitude = weight.values.cwiseAbs();
    // |fl(r W) - r W| <= gamma |r||W|, for any order of summation; the bound's own roundings are in gamma
    const double gamma = 2.0 * (static_cast<double>(magnitude.rows()) + 8.0) * unit_roundoff;
    // a weight that was raised is off by less than itself
    const Eigen::MatrixXd off = (magnitude.array() == smallest_entry).select(magnitude, gamma * magnitude);
    rows.errors = (1.0 + 2.0 * gamma) * (rows.errors * magnitude + rows.values.cwiseAbs() * off);
    rows.values = rows.values * weight.values;
    rows.columns = weight.columns;
  }

  void operator()(const Affine& affine) const {
    Eigen::VectorXd scale(static_cast<Eigen::Index>(affine.scale.size()));
    for (std::size_t i = 0; i < affine.scale.size(); ++i) {
      const Scaled s = normalised({affine.scale[i], 0});
      scale(static_cast<Eigen::Index>(i)) = 2.0 * s.value;  // at least 1: nothing becomes smaller
      rows.columns[i] += s.exponent - 1;
    }
    rows.errors = (1.0 + 8.0 * unit_roundoff) * (rows.errors + 2.0 * unit_roundoff * rows.values.cwiseAbs()) *
                  scale.cwiseAbs().asDiagonal();
    rows.values = rows.values * scale.asDiagonal();
  }

  void operator()(const Permutation& permutation) const {
    const SignedRows before = rows;
    for (Eigen::Index i = 0; i < rows.values.cols(); ++i) {
      const Index to = permutation.source[static_cast<std::size_t>(i)];
      rows.values.col(to) = before.values.col(i);
      rows.errors.col(to) = before.errors.col(i);
      rows.columns[static_cast<std::size_t>(to)] = before.columns[static_cast<std::size_t>(i)];
    }
  }

  void operator()(const Activation&) const {}  // there is none behind the last one

  template <class Op>
  void operator()(const Op&) const {
    throw std::logic_error("only plain networks have last rows");
  }
};

}  // namespace

std::size_t layers_to_last_activation(const Network& network) {
  const std::vector<Layer>& layers = network.layers();
  std::size_t n = layers.size();
  while (n > 0 && !std::holds_alternative<Activation>(layers[n - 1].op)) --n;
  return n;
}

ScaledMatrix last_rows(const Network& network, std::size_t first, const Eigen::MatrixXd& objectives) {
  SignedRows rows{objectives, Eigen::MatrixXd::Zero(objectives.rows(), objectives.cols()),
                  std::vector<std::int64_t>(static_cast<std::size_t>(objectives.rows()), 0),
                  std::vector<std::int64_t>(static_cast<std::size_t>(objectives.cols()), 0)};
  for (std::size_t l = network.layers().size(); l-- > first;) {
    std::visit(PullBack{rows}, network.layers()[l].op);
  }
  return {(1.0 + 4.0 * unit_roundoff) * (rows.values.cwiseAbs() + rows.errors), rows.exponents, rows.columns};
}

}  // namespace geolip::baselines
