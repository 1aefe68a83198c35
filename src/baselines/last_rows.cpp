#include <baselines/last_rows.hpp>

#include <network/at.hpp>

#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include <baselines/eigen_view.hpp>

namespace geolip::baselines {
namespace {

/// Signed rows with a bound on the error of each entry: entry (i, j) times 2^(exponents[i] + columns[j]).
/// The columns are the coordinates `support` of a tensor; at all others the rows are zero.
struct SignedRows {
  Eigen::MatrixXd values;
  Eigen::MatrixXd errors;
  std::vector<std::int64_t> exponents;
  std::vector<std::int64_t> columns;
  std::vector<Index> support;
};

void absorb_columns(SignedRows& rows) {
  for (Eigen::Index i = 0; i < rows.values.rows(); ++i) {
    Eigen::MatrixXd both(2, rows.values.cols());
    both << rows.values.row(i), rows.errors.row(i);
    at(rows.exponents, i) += rescale(both, rows.columns);
    // What raised a tiny value becomes part of the error.
    for (Eigen::Index j = 0; j < both.cols(); ++j) {
      if (std::abs(both(0, j)) == smallest_entry) both(1, j) += smallest_entry;
    }
    rows.values.row(i) = both.row(0);
    rows.errors.row(i) = both.row(1);
  }
  rows.columns.assign(rows.columns.size(), 0);
}

/// The rows at the outputs that any of them reads.
SignedRows signed_rows(std::span<const problem::Row> objectives) {
  std::set<Index> support;
  for (const problem::Row& row : objectives) support.insert(row.index.begin(), row.index.end());
  if (support.empty()) support.insert(0);  // rows of zeros
  std::map<Index, Index> place;
  for (const Index i : support) place.emplace(i, static_cast<Index>(place.size()));
  const auto count = static_cast<Eigen::Index>(objectives.size());
  const auto width = static_cast<Eigen::Index>(support.size());
  SignedRows rows{Eigen::MatrixXd::Zero(count, width),
                  Eigen::MatrixXd::Zero(count, width),
                  std::vector<std::int64_t>(objectives.size(), 0),
                  std::vector<std::int64_t>(support.size(), 0),
                  {support.begin(), support.end()}};
  for (Eigen::Index r = 0; r < count; ++r) {
    const problem::Row& row = at(objectives, r);
    for (std::size_t i = 0; i < row.index.size(); ++i) rows.values(r, place.at(row.index[i])) = row.value[i];
  }
  return rows;
}

/// rows <- rows * layer.
struct PullBack {
  SignedRows& rows;

  void operator()(const Dense& dense) const {
    const auto used = static_cast<Index>(rows.support.size());
    const ScaledMatrix weight = balanced(used, dense.weight.cols, [&](Index i, Index j) {
      return Scaled{dense.weight(at(rows.support, i), j), 0};
    });
    for (std::size_t k = 0; k < weight.rows.size(); ++k) rows.columns[k] += weight.rows[k];
    absorb_columns(rows);
    const Eigen::MatrixXd magnitude = weight.values.cwiseAbs();
    // |fl(r W) - r W| <= gamma |r||W|, for any order of summation; the bound's own roundings are in gamma
    const double gamma = 2.0 * (static_cast<double>(dense.weight.rows) + 8.0) * unit_roundoff;
    // a weight that was raised is off by less than itself
    const Eigen::MatrixXd off = (magnitude.array() == smallest_entry).select(magnitude, gamma * magnitude);
    rows.errors = (1.0 + 2.0 * gamma) * (rows.errors * magnitude + rows.values.cwiseAbs() * off);
    rows.values = rows.values * weight.values;
    rows.columns = weight.columns;
    rows.support.resize(weight.columns.size());
    std::iota(rows.support.begin(), rows.support.end(), Index{0});
  }

  void operator()(const Affine& affine) const {
    Eigen::VectorXd scale(static_cast<Eigen::Index>(rows.support.size()));
    for (std::size_t i = 0; i < rows.support.size(); ++i) {
      const Scaled s = normalised({at(affine.scale, rows.support[i]), 0});
      scale(static_cast<Eigen::Index>(i)) = 2.0 * s.value;  // at least 1: nothing becomes smaller
      rows.columns[i] += s.exponent - 1;
    }
    rows.errors = (1.0 + 8.0 * unit_roundoff) * (rows.errors + 2.0 * unit_roundoff * rows.values.cwiseAbs()) *
                  scale.cwiseAbs().asDiagonal();
    rows.values = rows.values * scale.asDiagonal();
  }

  void operator()(const Permutation& permutation) const {
    for (Index& i : rows.support) i = at(permutation.source, i);
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

ScaledMatrix last_rows(const Network& network, std::size_t first, std::span<const problem::Row> objectives) {
  SignedRows rows = signed_rows(objectives);
  for (std::size_t l = network.layers().size(); l-- > first;) {
    std::visit(PullBack{rows}, network.layers()[l].op);
  }
  const Index size = network.size(static_cast<Index>(first));
  ScaledMatrix all{Eigen::MatrixXd::Zero(rows.values.rows(), size), rows.exponents,
                   std::vector<std::int64_t>(static_cast<std::size_t>(size), 0)};
  for (std::size_t i = 0; i < rows.support.size(); ++i) {
    const auto from = static_cast<Eigen::Index>(i);
    const Index to = rows.support[i];
    all.values.col(to) =
        (1.0 + 4.0 * unit_roundoff) * (rows.values.col(from).cwiseAbs() + rows.errors.col(from));
    at(all.columns, to) = rows.columns[i];
  }
  return all;
}

}  // namespace geolip::baselines
