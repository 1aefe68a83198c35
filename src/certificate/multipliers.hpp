/// \file
/// Dual multipliers of one problem (docs/method.md, section 4).
#pragma once

#include <ascent/ascent.hpp>
#include <problem/slopes.hpp>

#include <vector>

namespace geolip::certificate {

/// Multipliers of one problem on the scaled network. Any lam > 0, gamma > 0, zeta > 0 that pass give a valid
/// bound.
struct Multipliers {
  /// One for each neuron; not read where h = 0. A negative one is open: its size is the least that it may be, and the
  /// form behind it says how large it has to be (Form::close).
  std::vector<std::vector<double>> lam;
  std::vector<double> gamma;  ///< l_inf: one for each input; l_2: one
  double zeta = 0.0;          ///< of the fixed vector e; not read for a vector objective
  /// Whether lam may be raised where it cannot outweigh what the form leaves on its neuron.
  bool may_rise = false;
};

/// The scaled network's numbers are about 1, and multipliers within these limits leave room for squares and
/// quotients of them: what underflows is nothing next to the smallest gamma. Others prove nothing.
inline constexpr double least_multiplier = 0x1p-400;
inline constexpr double most_multiplier = 0x1p400;

/// Multipliers from the norms of a sweep (M10), with floors that keep them positive.
Multipliers make_multipliers(const ascent::SweepNorms& norms, const std::vector<problem::LayerSlopes>& slopes,
                             const problem::Problem& problem);

/// What a geometric inflation (M17) multiplies zeta, lam_L, ..., lam_1 and gamma by: 1 + d, (1 + d)^2, ...
/// A certificate finds its gamma anew, and leaves the last one out.
std::vector<double> inflation_factors(Index layers, double d);

/// Inflates all multipliers but gamma.
Multipliers inflate(Multipliers multipliers, double d);

}  // namespace geolip::certificate
