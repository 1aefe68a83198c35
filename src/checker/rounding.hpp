/// \file
/// The constants by which rounding errors are bounded (docs/method.md, section 7).
#pragma once

#include <cfloat>
#include <limits>

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

}  // namespace geolip::checker
