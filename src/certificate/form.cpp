#include <certificate/form.hpp>
#include <certificate/half_width.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace geolip::certificate {

using backend::Buffer;
using backend::ConstView;
using backend::View;

// From this width on a layer whose form has few columns is eliminated by them, if they are fewer by this
// factor.
constexpr Index wide = 4096;
constexpr Index few_columns = 8;
// A multiplier below this share of what is left on its neuron is not one that an inflation mends.
constexpr double hopeless_share = 0.5;

bool by_columns(Index n, Index columns, bool mixed) {
  return !mixed && n >= wide && columns * few_columns <= n;
}

/// One layer's elimination in numbers: which neurons are eliminated and the diagonals that arise.
struct Form::Pivot {
  std::vector<double> add;     ///< lam on eliminated neurons, 0 on folded ones
  std::vector<double> scale;   ///< 1 / sqrt(K_ii) on eliminated neurons, 0 on folded ones
  std::vector<double> one;     ///< 1 on folded neurons, so that the scaled K is the identity there
  std::vector<double> x;       ///< -lam c / sqrt(K_ii) on eliminated neurons
  std::vector<double> y;       ///< lam (c - h)(c + h) on eliminated neurons
  std::vector<double> folded;  ///< c on folded neurons, 0 elsewhere
};

void Form::set_column(const std::vector<double>& x) {
  size_ = static_cast<Index>(x.size());
  r_ = other(size_, 1);
  ws_.backend.upload(r_.data, x.data(), x.size() * sizeof(double));
  r_shape_ = Shape::dense;
}

void Form::set_diagonal_factor(std::vector<double> d) {
  size_ = static_cast<Index>(d.size());
  r_diagonal_ = std::move(d);
  r_shape_ = Shape::diagonal;
}

/// A buffer that R does not occupy, for R to move to. A diagonal R occupies none.
View<double> Form::other(Index rows, Index cols) {
  if (r_shape_ == Shape::dense || r_shape_ == Shape::diagonal_and_dense) r_in_even_ = !r_in_even_;
  return (r_in_even_ ? ws_.even : ws_.odd).take(rows, cols);
}

void Form::pull_back(operators::LinearMap<double>& map) {
  if (r_shape_ == Shape::diagonal_and_dense) {
    // [B' Diag(d), B' R]
    const Index m = map.outputs() + r_.cols;
    const View<double> old = r_;
    const View<double> to = other(map.inputs(), m);
    const Buffer<double> d(ws_.backend, r_diagonal_);
    map.adjoint_of_diagonal(d.data(), View<double>(to.data, to.rows, map.outputs(), m));
    Buffer<double> right(ws_.backend, map.inputs(), old.cols);
    map.adjoint(old, right.view());
    ws_.backend.in<double>().combine(1.0, std::as_const(right).view(), 0.0,
                                     View<double>(to.data + map.outputs(), to.rows, old.cols, m));
    r_ = to;
    r_shape_ = Shape::dense;
    size_ = map.inputs();
    return;
  }
  // R <- B' R, or B' Diag(d) where R is diagonal: the adjoint again, with as many columns as R has
  const Index m = r_shape_ == Shape::diagonal ? map.outputs() : r_.cols;
  const View<double> to = other(map.inputs(), m);
  if (r_shape_ == Shape::diagonal) {
    const Buffer<double> d(ws_.backend, r_diagonal_);
    map.adjoint_of_diagonal(d.data(), to);
  } else {
    map.adjoint(r_, to);
  }
  // R <- R L^-T
  if (pending_.data != nullptr) ws_.backend.solve_right_transposed(pending_, to);
  pending_ = {};
  r_ = to;
  r_shape_ = Shape::dense;
  if (p_shape_ != Shape::none) {
    p_ = pulled_dense(map);
    p_shape_ = Shape::dense;
  }
  size_ = map.inputs();
}

/// B' P B as the adjoint of (the adjoint of P)'.
Buffer<double> Form::pulled_dense(operators::LinearMap<double>& map) {
  Buffer<double> half_transposed(ws_.backend, map.outputs(), map.inputs());
  {
    const View<double> half = ws_.spare.take(map.inputs(), map.outputs());
    if (p_shape_ == Shape::diagonal) {
      const Buffer<double> d(ws_.backend, p_diagonal_);
      map.adjoint_of_diagonal(d.data(), half);
    } else {
      map.adjoint(p_.view(), half);
    }
    ws_.backend.transpose(half, nullptr, half_transposed.view());
  }
  p_ = Buffer<double>();
  Buffer<double> result(ws_.backend, map.inputs(), map.inputs());
  map.adjoint(half_transposed.view(), result.view());
  return result;
}

/// Lower triangle of P - R R' in the pivot buffer.
View<double> Form::write_form() {
  const View<double> q = ws_.pivot.take(size_, size_);
  ws_.backend.syrk(-1.0, r_, 0.0, q);
  if (p_shape_ == Shape::dense) {
    ws_.backend.in<double>().combine(1.0, p_.view(), 1.0, q);
  }
  return q;
}

/// The multiplier of a neuron with -q on the diagonal of Q that leaves the least on its input, if it is alone (M35); a
/// little enlarged, so that lam - q stays positive where c = 0.
double least_leftover(double q, double c, double h) { return q * (1.0 + std::abs(c) / h) * (1.0 + 1e-5); }

void Form::close(const problem::LayerSlopes& slopes, Index set, double outweigh,
                 std::vector<double>& lam) const {
  if (std::none_of(lam.begin(), lam.end(), [](double l) { return l < 0.0; })) return;
  const std::vector<double> q = negative_diagonal();
  for (std::size_t i = 0; i < lam.size(); ++i) {
    if (!(lam[i] < 0.0)) continue;
    const auto row = static_cast<Index>(i);
    const double h = certified_half_width(slopes, row, set);
    const double c = slopes.centre(row, set);
    const double alone = outweigh > 0.0 ? outweigh * q[i] : h > 0.0 ? least_leftover(q[i], c, h) : 0.0;
    lam[i] = std::max(-lam[i], alone);
  }
}

bool Form::eliminate(const problem::LayerSlopes& slopes, Index set, bool may_rise, std::vector<double>& lam) {
  const auto n = static_cast<std::size_t>(size_);
  Pivot pivot;
  pivot.folded.assign(n, 0.0);
  bool any_eliminated = false;
  bool any_folded = false;
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<Index>(i);
    if (slopes.half_width(row, set) > 0.0) {
      any_eliminated = true;
    } else {
      pivot.folded[i] = slopes.centre(row, set);
      any_folded = any_folded || pivot.folded[i] != 0.0;
    }
  }
  if (!any_eliminated) {
    scale(pivot.folded);
    return true;
  }

  if (by_columns(size_, r_.cols, any_folded || p_shape_ != Shape::none)) {
    return eliminate_by_columns(slopes, set, lam);
  }

  const View<double> k = write_form();
  const std::vector<double> diagonal = backend::download_diagonal(ws_.backend, k);
  pivot.add.assign(n, 0.0);
  pivot.scale.assign(n, 0.0);
  pivot.one.assign(n, 1.0);
  pivot.x.assign(n, 0.0);
  pivot.y.assign(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const double h = certified_half_width(slopes, static_cast<Index>(i), set);
    if (!(h > 0.0)) continue;
    const double c = slopes.centre(static_cast<Index>(i), set);
    if (may_rise && lam[i] < hopeless_share * -diagonal[i]) lam[i] = least_leftover(-diagonal[i], c, h);
    const double k_ii = lam[i] + diagonal[i];
    if (!(k_ii > 0.0) || !std::isfinite(k_ii)) return false;
    pivot.add[i] = lam[i];
    pivot.scale[i] = 1.0 / std::sqrt(k_ii);
    pivot.one[i] = 0.0;
    pivot.x[i] = -lam[i] * c * pivot.scale[i];
    pivot.y[i] = lam[i] * (c - h) * (c + h);
  }

  auto& kernels = ws_.backend.in<double>();
  if (any_folded) {
    // Folded neurons keep their part of Q: X = [-Lam C on the eliminated; Q_AU on the folded],
    // Y = [Lam (C^2 - H^2); C Q_AA C]
    ws_.backend.symmetrise(k);
    const Buffer<double> folded(ws_.backend, pivot.folded);
    const Buffer<double> u_scale(ws_.backend, pivot.scale);
    const Buffer<double> x(ws_.backend, pivot.x);
    const Buffer<double> y(ws_.backend, pivot.y);
    r_shape_ = Shape::none;  // the old R lives on in K alone
    r_ = other(size_, size_);
    kernels.scale(folded.data(), k, u_scale.data(), r_);
    kernels.combine(1.0, x.view(), 1.0, diagonal_of(r_));
    p_ = Buffer<double>(ws_.backend, size_, size_);
    kernels.scale(folded.data(), k, folded.data(), p_.view());
    kernels.combine(1.0, y.view(), 1.0, diagonal_of(p_.view()));
    r_shape_ = Shape::dense;
    p_shape_ = Shape::dense;
  } else {
    r_diagonal_ = pivot.x;
    r_shape_ = Shape::diagonal;
    p_ = Buffer<double>();
    const bool all_zero = std::all_of(pivot.y.begin(), pivot.y.end(), [](double v) { return v == 0.0; });
    p_shape_ = all_zero ? Shape::none : Shape::diagonal;
    p_diagonal_ = std::move(pivot.y);
  }
  return factor(k, pivot);
}

/// The same as eliminate() where R has few columns and nothing is folded (M28): no matrix has the layer's
/// width squared.
bool Form::eliminate_by_columns(const problem::LayerSlopes& slopes, Index set,
                                const std::vector<double>& lam) {
  const auto n = static_cast<std::size_t>(size_);
  const Index m = r_.cols;
  std::vector<double> inverse_root(n, 0.0);
  std::vector<double> c(n, 0.0);
  r_diagonal_.assign(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<Index>(i);
    if (!(slopes.half_width(row, set) > 0.0)) continue;  // it cannot matter
    if (!(lam[i] > 0.0) || !std::isfinite(lam[i])) return false;
    inverse_root[i] = 1.0 / std::sqrt(lam[i]);
    c[i] = slopes.centre(row, set);
    r_diagonal_[i] = std::sqrt(lam[i]) * certified_half_width(slopes, row, set);
    if (!std::isfinite(inverse_root[i]) || !std::isfinite(r_diagonal_[i])) return false;
  }
  auto& kernels = ws_.backend.in<double>();
  const View<double> old = r_;
  const View<double> next = other(size_, m);
  // I - R' Lam^-1 R
  const Buffer<double> scale(ws_.backend, inverse_root);
  kernels.scale_rows(scale.data(), old, next);
  const View<double> k = ws_.pivot.take(m, m);
  ws_.backend.syrk_transposed(-1.0, next, 0.0, k);
  const Buffer<double> one(ws_.backend, std::vector<double>(static_cast<std::size_t>(m), 1.0));
  kernels.combine(1.0, one.view(), 1.0, diagonal_of(k));
  if (!ws_.backend.cholesky(k)) return false;
  // R <- [Lam^1/2 H, C R N^-T]
  const Buffer<double> centre(ws_.backend, c);
  kernels.scale_rows(centre.data(), old, next);
  ws_.backend.solve_right_transposed(k, next);
  r_ = next;
  r_shape_ = Shape::diagonal_and_dense;
  return true;
}

/// K = Lam + Q on the eliminated neurons, scaled to unit diagonal, and its Cholesky factor.
bool Form::factor(View<double> k, const Pivot& pivot) {
  const Buffer<double> add(ws_.backend, pivot.add);
  const Buffer<double> scaling(ws_.backend, pivot.scale);
  const Buffer<double> one(ws_.backend, pivot.one);
  auto& kernels = ws_.backend.in<double>();
  kernels.combine(1.0, add.view(), 1.0, diagonal_of(k));
  kernels.scale(scaling.data(), k, scaling.data(), k);
  kernels.combine(1.0, one.view(), 1.0, diagonal_of(k));
  pending_ = k;
  return ws_.backend.cholesky(k);
}

void Form::scale(const std::vector<double>& d) {
  const Buffer<double> device(ws_.backend, d);
  ws_.backend.in<double>().scale_rows(device.data(), r_, r_);
  if (p_shape_ == Shape::dense) {
    ws_.backend.in<double>().scale(device.data(), p_.view(), device.data(), p_.view());
  }
}

std::vector<double> Form::negative_diagonal() const {
  std::vector<double> result(static_cast<std::size_t>(size_));
  ws_.backend.row_squares(r_, result.data());
  if (p_shape_ == Shape::dense) {
    const std::vector<double> p = backend::download_diagonal(ws_.backend, p_.view());
    for (std::size_t i = 0; i < p.size(); ++i) result[i] -= p[i];
  }
  return result;
}

Index Form::write_negative_gram() {
  if (p_shape_ == Shape::none && r_.cols < r_.rows) {
    ws_.backend.syrk_transposed(1.0, r_, 0.0, ws_.pivot.take(r_.cols, r_.cols));
    return r_.cols;
  }
  const View<double> gram = ws_.pivot.take(size_, size_);
  ws_.backend.syrk(1.0, r_, 0.0, gram);
  if (p_shape_ == Shape::dense) {
    ws_.backend.in<double>().combine(-1.0, p_.view(), 1.0, gram);
  }
  return size_;
}

}  // namespace geolip::certificate
