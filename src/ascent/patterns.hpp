/// \file
/// Lower bounds from activation patterns (docs/method.md, section 5).
#pragma once

#include <ascent/ascent.hpp>

#include <functional>
#include <vector>

namespace geolip::ascent {

/// Settings of the search.
struct Search {
  Index starts = 64;  ///< rank-one starts for each problem
  Index wave = 16;    ///< starts of a problem, or patterns, that are looked at at a time
  double passes = 0;  ///< columns that may go through the network for each problem to try single slopes
  std::uint64_t seed = 0;
  std::function<bool()> stop;  ///< asked between waves; may be empty
};

/// For each problem `which` of `source` the value of the best activation pattern found, in float64: a lower
/// bound on the FGL of the scaled network.
template <class T>
std::vector<double> lower_bounds(ascent::Model<T>& model, ascent::Model<double>& exact,
                                 const std::vector<problem::LayerSlopes>& slopes, ascent::Ascent<T>& source,
                                 const std::vector<Index>& which, const Search& search);

/// The dual norm of the gradient (vector: a lower bound on the Jacobian's spectral norm) under activation
/// patterns, one a problem, evaluated in float64 with all problems as columns.
std::vector<double> pattern_values(ascent::Model<double>& exact,
                                   const std::vector<problem::Problem>& problems,
                                   const std::vector<ascent::Pattern>& patterns);

/// How many columns that evaluation sends through the network for each pattern.
double pattern_passes(const problem::Problem& problem);

}  // namespace geolip::ascent
