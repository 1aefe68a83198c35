/// \file
/// The dual certificate: backpropagation of a quadratic form (docs/method.md, section 4).
#pragma once

#include <ascent/ascent.hpp>
#include <certificate/form.hpp>
#include <operators/linear_map.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace geolip::certificate {

/// Multipliers of one problem on the scaled network. Any lam > 0, gamma > 0, zeta > 0 that pass give a valid
/// bound.
struct Multipliers {
  /// One for each neuron; not read where h = 0. A negative one of a vector objective is open:
  /// its size is the least that it may be, and the form behind it says how large it has to be.
  std::vector<std::vector<double>> lam;
  std::vector<double> gamma;  ///< l_inf: one for each input; l_2: one
  double zeta = 0.0;          ///< of the fixed vector e; not read for a vector objective
};

/// The scaled network's numbers are about 1, and multipliers within these limits leave room for squares and
/// quotients of them: what underflows is nothing next to the smallest gamma. Others prove nothing.
inline constexpr double least_multiplier = 0x1p-400;
inline constexpr double most_multiplier = 0x1p400;

/// Multipliers from the norms of a sweep (M10), with floors that keep them positive.
Multipliers make_multipliers(const ascent::RawMultipliers& raw,
                             const std::vector<problem::LayerSlopes>& slopes, const ascent::Problem& problem);

/// Geometric inflation (M17): zeta, lam_L, ..., lam_1 times (1 + d), (1 + d)^2, ...
Multipliers inflate(Multipliers multipliers, double d);

/// Decides whether multipliers are dual feasible, and the bound that follows. Workspace is kept between
/// calls.
class Certifier {
 public:
  /// The maps are in float64 and belong to the caller.
  Certifier(backend::Backend& backend, std::vector<operators::LinearMap<double>>& maps,
            const std::vector<problem::LayerSlopes>& slopes, Norm norm);

  /// The upper bound that the multipliers prove (for the scaled network), or nothing if they are not dual
  /// feasible, or `gives_up`, which is asked before each layer, says that nobody waits for it any more.
  std::optional<double> bound(const Multipliers& multipliers, const ascent::Problem& problem,
                              const std::function<bool()>& gives_up = {});

  /// Of the last bound() that passed: its multipliers with gamma in place of their own, which are dual
  /// feasible and prove the bound as 2 sqrt(zeta sum gamma) (l_1: 2 sqrt(zeta gamma_j) for every coordinate
  /// j; vector objectives too, with zeta = 1/4).
  Multipliers feasible(Multipliers multipliers, const ascent::Problem& problem) const;

  /// Gives the workspace back; the next bound() takes it anew.
  void release_memory() { workspace_.release(); }

  /// l_1: what the last bound() that passed proves for every input coordinate, not the problem's own alone.
  const std::vector<double>& coordinate_bounds() const { return coordinate_bounds_; }

 private:
  std::optional<double> bound_coordinates(std::vector<double> q, double zeta, Index coordinate);

  Workspace workspace_;
  std::vector<operators::LinearMap<double>>& maps_;
  const std::vector<problem::LayerSlopes>& slopes_;
  Norm norm_;
  std::vector<std::vector<double>> lam_;  // of the last bound(), none of them open
  double mu_ = 0.0;                       // largest eigenvalue of the last bound() that passed
  std::vector<double> diagonal_;          // l_1: the diagonal of -Q_0
  std::vector<double> coordinate_bounds_;
};

}  // namespace geolip::certificate
