/// \file
/// The row kernels' arithmetic on one segment (docs/method.md, section 3), for run_segment() of segment.hpp.
///
/// Every body loads a segment before it stores to it, and stores last what other stores are computed from: a
/// StreamedPart reads memory as it is.
#pragma once

#include <kernels/ball_math.hpp>
#include <kernels/segment.hpp>

namespace geolip::kernels {

/// s = g / norm; s_hat = s extrapolated from its old value, normalised. A zero row keeps its old direction.
template <class Part, class Values, class T>
GEOLIP_HD inline void renew_unit_segment(const Part& part, T beta, T norm, const Values& g, T* s, T* s_hat) {
  using Slot = typename Part::Slot;
  if (!(norm > tiny<T>())) return;
  const T inverse = T(1) / norm;
  if (beta == T(0)) {
    part.store(s_hat, [&](Slot k) { return g[k] * inverse; });
    part.store(s, [&](Slot k) { return g[k] * inverse; });
    return;
  }
  const auto s_old = part.load(s);
  const auto extrapolated = [&](Slot k) { return extrapolate_entry(beta, g[k] * inverse, s_old[k]); };
  const T square = part.sum([&](Slot k) {
    const T e = extrapolated(k);
    return e * e;
  });
  const T scale = T(1) / std::sqrt(square);
  part.store(s_hat, [&](Slot k) { return extrapolated(k) * scale; });
  part.store(s, [&](Slot k) { return g[k] * inverse; });
}

/// rho = |w|;  v = c w + h rho s_hat. Without a place for rho it is not kept.
template <class T>
struct ForwardRows {
  SlopeTable<T> slopes;
  Matrix<const T> w;
  Matrix<const T> s_hat;
  Matrix<T> rho;
  Matrix<T> v;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index b, Index first) const {
    using Slot = typename Part::Slot;
    const auto x = part.load(w.at(i, first));
    const auto s = part.load(s_hat.at(i, first));
    const Index slope = i * slopes.sets + slopes.set[b];
    const T c = slopes.c[slope];
    const T h = slopes.h[slope];
    const T norm = std::sqrt(part.sum([&](Slot k) { return x[k] * x[k]; }));
    const T h_rho = h * norm;
    part.store(v.at(i, first), [&](Slot k) { return forward_entry(c, h_rho, x[k], s[k]); });
    if (part.is_first() && rho.data != nullptr) *rho.at(i, b) = norm;
  }
};

/// |G|;  s = G / |G|, extrapolated;  G = c G + h (|G| / rho) w. Without a rho it is computed anew; without a
/// place for |G| that is not kept.
template <class T>
struct BackwardRows {
  SlopeTable<T> slopes;
  const Momentum* momentum;
  Matrix<const T> w;
  Matrix<const T> rho;
  UnitRows<T> unit;
  Matrix<T> g;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index b, Index first) const {
    using Slot = typename Part::Slot;
    const auto grad = part.load(g.at(i, first));
    const auto x = part.load(w.at(i, first));
    const Index slope = i * slopes.sets + slopes.set[b];
    const T c = slopes.c[slope];
    const T h = slopes.h[slope];
    const T norm = std::sqrt(part.sum([&](Slot k) { return grad[k] * grad[k]; }));
    renew_unit_segment(part, static_cast<T>(momentum[b].beta), norm, grad, unit.s.at(i, first),
                       unit.s_hat.at(i, first));
    const T radius =
        rho.data != nullptr ? *rho.at(i, b) : std::sqrt(part.sum([&](Slot k) { return x[k] * x[k]; }));
    const T h_ratio = h * safe_ratio(norm, radius);
    part.store(g.at(i, first), [&](Slot k) { return backward_entry(c, h_ratio, grad[k], x[k]); });
    if (part.is_first() && unit.norm.data != nullptr) *unit.norm.at(i, b) = norm;
  }
};

/// |G|;  s = G / |G|, extrapolated
template <class T>
struct InputRows {
  const Momentum* momentum;
  Matrix<const T> g;
  UnitRows<T> unit;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index b, Index first) const {
    using Slot = typename Part::Slot;
    const auto grad = part.load(g.at(i, first));
    const T norm = std::sqrt(part.sum([&](Slot k) { return grad[k] * grad[k]; }));
    renew_unit_segment(part, static_cast<T>(momentum[b].beta), norm, grad, unit.s.at(i, first),
                       unit.s_hat.at(i, first));
    if (part.is_first() && unit.norm.data != nullptr) *unit.norm.at(i, b) = norm;
  }
};

/// s_hat normalised, or the first unit vector where it is zero;  s = s_hat
template <class T>
struct NormaliseRows {
  UnitRows<T> unit;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index, Index first) const {
    using Slot = typename Part::Slot;
    const auto x = part.load(unit.s_hat.at(i, first));
    const T norm = std::sqrt(part.sum([&](Slot k) { return x[k] * x[k]; }));
    const bool usable = norm > tiny<T>();
    const auto unit_entry = [&](Slot k) {
      if (usable) return x[k] / norm;
      return part.is_start(k) ? T(1) : T(0);
    };
    part.store(unit.s.at(i, first), unit_entry);
    part.store(unit.s_hat.at(i, first), unit_entry);
  }
};

/// The input block of l_2, its weights known: s = g_scale G;  s_hat = hat_now s + hat_old s_old
template <class T>
struct BallRows {
  const BallWeights<T>* weights;  ///< one a problem
  Matrix<const T> g;
  UnitRows<T> unit;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index b, Index first) const {
    using Slot = typename Part::Slot;
    const BallWeights<T> k = weights[b];
    if (k.g_scale == T(0)) return;
    const auto grad = part.load(g.at(i, first));
    const auto s_old = part.load(unit.s.at(i, first));
    part.store(unit.s_hat.at(i, first),
               [&](Slot at) { return k.hat_now * (k.g_scale * grad[at]) + k.hat_old * s_old[at]; });
    part.store(unit.s.at(i, first), [&](Slot at) { return k.g_scale * grad[at]; });
  }
};

/// A starting point of the input block of l_2: s_hat scaled, s = s_hat. Where the scale is 0, the first unit
/// vector.
template <class T>
struct NormaliseBallRows {
  const BallWeights<T>* weights;
  UnitRows<T> unit;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index b, Index first) const {
    using Slot = typename Part::Slot;
    const T scale = weights[b].g_scale;
    const auto x = part.load(unit.s_hat.at(i, first));
    const auto entry = [&](Slot k) {
      if (scale == T(0)) return i == 0 && part.is_start(k) ? T(1) : T(0);
      return scale * x[k];
    };
    part.store(unit.s.at(i, first), entry);
    part.store(unit.s_hat.at(i, first), entry);
  }
};

/// W(i, :) = a_ib X(0, :)
template <class T>
struct SpreadRows {
  Matrix<const T> a;
  Matrix<const T> x;
  Matrix<T> w;

  template <class Part>
  GEOLIP_HD void operator()(const Part& part, Index i, Index b, Index first) const {
    using Slot = typename Part::Slot;
    const T weight = *a.at(i, b);
    const auto row = part.load(x.at(0, first));
    part.store(w.at(i, first), [&](Slot k) { return weight * row[k]; });
  }
};

}  // namespace geolip::kernels
