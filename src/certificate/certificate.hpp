/// \file
/// The dual certificate: backpropagation of a quadratic form (docs/method.md, section 4).
#pragma once

#include <certificate/form.hpp>
#include <certificate/multipliers.hpp>
#include <operators/linear_map.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace geolip::certificate {

/// Multipliers that were accepted, and what they prove, in the units of the scaled network.
struct Certificate {
  double bound = 0.0;  ///< of the problem's value; l_1: the largest of its coordinates'
  /// Dual feasible, gamma included: the bound is 2 sqrt(zeta sum gamma), for vector objectives too, with
  /// zeta = 1/4, and in l_1 2 sqrt(zeta gamma_j) for every coordinate j.
  Multipliers multipliers;
  double inflation = 0.0;           ///< d that they contain
  std::vector<double> coordinates;  ///< l_1: what it proves for every input coordinate, the problem's or not
};

/// Whether all numbers are in the range where what underflows or is rounded away is covered.
bool are_in_range(const problem::Problem& problem, const Multipliers& multipliers);

/// Sets the bound that the multipliers prove, gamma included, and for a vector objective zeta; false if it is no
/// finite number.
bool conclude(const problem::Problem& problem, Certificate& certificate);

/// l_1: the same by the diagonal of -Q_0, which bounds every coordinate at once.
bool conclude(const problem::Ball& ball, std::vector<double> diagonal, Certificate& certificate);

/// Decides whether multipliers are dual feasible, and the bound that follows. Workspace is kept between
/// calls.
class Certifier {
 public:
  Certifier() = default;
  Certifier(const Certifier&) = delete;
  Certifier& operator=(const Certifier&) = delete;
  Certifier(Certifier&&) = delete;
  Certifier& operator=(Certifier&&) = delete;
  virtual ~Certifier() = default;

  /// The certificate by these multipliers inflated by d, or nothing if they are not dual feasible, or
  /// `gives_up`, which is asked before each layer, says that nobody waits for it any more.
  virtual std::optional<Certificate> certify(const problem::Problem& problem, const Multipliers& multipliers,
                                             double d, const std::function<bool()>& gives_up = {}) = 0;

  /// Gives the workspace back; the next certify() takes it anew.
  virtual void release_memory() = 0;
};

/// By elimination of layer after layer, on a backend.
class BlockCertifier : public Certifier {
 public:
  /// The maps are in float64 and belong to the caller.
  BlockCertifier(backend::Backend& backend, std::vector<operators::LinearMap<double>>& maps,
                 const std::vector<problem::LayerSlopes>& slopes);

  std::optional<Certificate> certify(const problem::Problem& problem, const Multipliers& multipliers,
                                     double d, const std::function<bool()>& gives_up = {}) override;
  void release_memory() override { workspace_.release(); }

 private:
  Workspace workspace_;
  std::vector<operators::LinearMap<double>>& maps_;
  const std::vector<problem::LayerSlopes>& slopes_;
};

}  // namespace geolip::certificate
