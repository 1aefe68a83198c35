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

/// SplitMix64's output function: a bijection of 64-bit words that mixes every bit into every other.
GEOLIP_HD inline std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Two independent standard normal numbers.
struct NormalPair {
  double first;
  double second;
};

/// Numbers that depend on (seed, stream, pair) alone, so that any thread may compute them (Box-Muller on two
/// counter-based uniforms).
GEOLIP_HD inline NormalPair normal_pair(std::uint64_t seed, std::uint64_t stream, std::uint64_t pair) {
  const std::uint64_t key = mix(seed ^ mix(stream));
  const std::uint64_t a = mix(key + 2 * pair);
  const std::uint64_t b = mix(key + 2 * pair + 1);
  const double u = (static_cast<double>(a >> 11) + 0.5) * 0x1p-53;
  const double angle = 6.283185307179586 * (static_cast<double>(b >> 11) * 0x1p-53);
  const double radius = std::sqrt(-2.0 * std::log(u));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// The standard normal number `index` of a stream: neighbours 2k and 2k + 1 come as a pair.
GEOLIP_HD inline double normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  const NormalPair pair = normal_pair(seed, stream, index / 2);
  return index % 2 == 0 ? pair.first : pair.second;
}

}  // namespace geolip::kernels
