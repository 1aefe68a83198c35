/// \file
/// The constants by which rounding errors are bounded (docs/method.md, section 7).
#pragma once

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#include <checker/real.hpp>

namespace geolip::checker {

static_assert(std::numeric_limits<double>::is_iec559 && FLT_EVAL_METHOD == 0,
              "the checker's error bounds are those of IEEE double arithmetic");
#ifdef __FAST_MATH__
#error "the checker's error bounds do not hold with -ffast-math"
#endif

/// Unit roundoff: |fl(a op b) - a op b| <= unit |a op b|, short of underflow.
constexpr double unit = 0x1p-53;

/// Error bounds are themselves sums of non-negative doubles, of fewer than 2^31 terms and with few roundings
/// each. Times this factor they bound what they would be without rounding.
constexpr double upwards = 1.0 + 0x1p-20;

/// More than all underflows together can do to a row of a matrix whose entries are of size 1: fewer than 2^70
/// of them, each of at most 2^-1022 (2^-1074 where subnormal numbers are kept) times factors below 2^40.
constexpr double underflow = 0x1p-900;

/// gamma_n = n u / (1 - n u), rounded up: bounds the relative error of n roundings in any order.
inline double gamma_of(double n) { return n * unit / (1.0 - n * unit) * upwards; }

/// m * 2^e, with 1 <= |m| < 2, or m = 0.
struct Wide {
  double m = 0.0;
  std::int64_t e = 0;
};

/// floor(log2 |x|) for finite x != 0.
inline std::int64_t exponent_of(double x) {
  const auto biased = static_cast<std::int64_t>((std::bit_cast<std::uint64_t>(x) >> 52) & 0x7ff);
  return biased != 0 ? biased - 1023 : std::ilogb(x);
}

/// 2^e for -1022 <= e <= 1023
inline double power_of_two(std::int64_t e) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52);
}

/// x * 2^e. Exact, but infinite where it overflows, and wrong by at most 2^-1073 where it underflows.
inline double times_power(double x, std::int64_t e) {
  for (int step = 0; e > 1023 && step < 3; ++step, e -= 1023) x *= 0x1p1023;
  for (int step = 0; e < -1022 && step < 3; ++step, e += 1022) x *= 0x1p-1022;
  if (e > 1023) return x == 0.0 ? x : x * std::numeric_limits<double>::infinity();
  if (e < -1022) return 0.0;
  return x * power_of_two(e);
}

/// x as m * 2^e, exactly; x is finite.
inline Wide wide(double x) {
  if (x == 0.0) return {};
  const std::int64_t e = exponent_of(x);
  return {times_power(x, -e), e};
}

inline Wide wide(const Real& x) {
  Wide result = wide(x.significand);
  if (result.m != 0.0) result.e += x.exponent;
  return result;
}

/// The product with a relative error of at most 2^-53.
inline Wide operator*(const Wide& a, const Wide& b) {
  if (a.m == 0.0 || b.m == 0.0) return {};
  Wide result = wide(a.m * b.m);
  result.e += a.e + b.e;
  return result;
}

/// The sum with a relative error of at most 2^-53 of the larger term's binade: for estimates of size, and
/// exact to 2^-53 of the sum itself if both are doubles (then no term is shifted out of range).
inline Wide operator+(const Wide& a, const Wide& b) {
  if (a.m == 0.0) return b;
  if (b.m == 0.0) return a;
  if (a.e < b.e) return b + a;
  Wide result = wide(a.m + times_power(b.m, b.e - a.e));
  if (result.m != 0.0) result.e += a.e;
  return result;
}

/// floor(e / 2), also for negative e
inline std::int64_t half(std::int64_t e) { return e >> 1; }

}  // namespace geolip::checker
