/// \file
/// The arithmetic of the row kernels, one problem's r columns of one row at a time (docs/method.md, section
/// 3). Every function is plain C++17 that runs on the host and on a CUDA device alike; the two backends
/// differ only in who calls it for which row.
#pragma once

#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#define GEOLIP_HD __host__ __device__
#else
#define GEOLIP_HD
#endif

namespace geolip::kernels {

/// Row norms below this are taken as zero: their squares leave the range of T.
template <class T>
GEOLIP_HD constexpr T tiny() {
  return sizeof(T) == 4 ? T(1e-18) : T(1e-150);
}

/// |G| / rho without a division by zero: a row that is zero has no direction to push along.
template <class T>
GEOLIP_HD inline T safe_ratio(T numerator, T denominator) {
  return denominator > tiny<T>() ? numerator / denominator : T(0);
}

/// One entry of the forward pass: v = c w + h rho s (M6).
template <class T>
GEOLIP_HD inline T forward_entry(T c, T h_rho, T w, T s) {
  return c * w + h_rho * s;
}

/// One entry of the backward pass: c G + h (|G| / rho) w (M9).
template <class T>
GEOLIP_HD inline T backward_entry(T c, T h_ratio, T g, T w) {
  return c * g + h_ratio * w;
}

/// One entry of the extrapolated point before it is normalised: s + beta (s - s_prev) (M12).
template <class T>
GEOLIP_HD inline T extrapolate_entry(T beta, T s, T s_prev) {
  return s + beta * (s - s_prev);
}

/// Momentum of one problem. On a rise of the objective t grows and beta follows Nesterov's weights
/// (t - 1) / (t + 2); on a fall both start again.
struct Momentum {
  double previous = 0.0;  ///< objective at the last sweep
  double t = 0.0;         ///< sweeps since the last restart
  double beta = 0.0;      ///< weight of the next extrapolation
};

/// \param tolerance relative fall of the objective that rounding alone explains
GEOLIP_HD inline void update_momentum(Momentum& m, double objective, double tolerance) {
  if (objective < m.previous * (1.0 - tolerance)) {
    m.t = 0.0;
  }
  m.previous = objective;
  m.t += 1.0;
  m.beta = (m.t - 1.0) / (m.t + 2.0);
}

/// What a state keeps of its objectives from sweep to sweep, one entry a problem.
struct History {
  Momentum* momentum = nullptr;  ///< null: nothing is kept
  double* best = nullptr;        ///< largest objective so far
  double tolerance = 0.0;        ///< as for update_momentum()

  /// After a sweep with this objective of problem b.
  GEOLIP_HD void update(std::int64_t b, double objective) const {
    if (momentum == nullptr) return;
    update_momentum(momentum[b], objective, tolerance);
    if (best[b] < objective) best[b] = objective;
  }
};

/// SplitMix64's output function: a bijection of 64-bit words that mixes every bit into every other.
GEOLIP_HD inline std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Names a stream of random numbers. Each of them depends on the key and its own index alone, so that any
/// thread may compute it.
GEOLIP_HD inline std::uint64_t stream_key(std::uint64_t seed, std::uint64_t stream) {
  return mix(seed ^ mix(stream));
}

/// Uniform in (0, 1).
GEOLIP_HD inline double uniform(std::uint64_t key, std::uint64_t index) {
  return (static_cast<double>(mix(key + index) >> 11) + 0.5) * 0x1p-53;
}

/// Uniform with mean 0 and variance 1: as good a start for directions as normal numbers, without their
/// logarithms and cosines.
GEOLIP_HD inline double noise(std::uint64_t key, std::uint64_t index) {
  constexpr double root_of_12 = 3.4641016151377544;
  return root_of_12 * (uniform(key, index) - 0.5);
}

/// Standard normal (Box-Muller), for directions that no axis singles out.
GEOLIP_HD inline double normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  const std::uint64_t key = stream_key(seed, stream);
  const double angle = 6.283185307179586 * uniform(key, 2 * index + 1);
  return std::sqrt(-2.0 * std::log(uniform(key, 2 * index))) * std::cos(angle);
}

}  // namespace geolip::kernels
