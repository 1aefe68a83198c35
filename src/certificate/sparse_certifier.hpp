/// \file
/// The dual certificate by one sparse factorisation, on the host.
#pragma once

#include <certificate/certificate.hpp>
#include <certificate/sparse_system.hpp>

#include <map>
#include <memory>
#include <tuple>

namespace geolip::certificate {

/// The sparse form of a kind of problem and the order in which it is eliminated: the same for all objectives and
/// multipliers.
struct SparseAnalysis {
  SparseAnalysis(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                 const problem::Problem& problem);

  /// Of a factor, and of the matrix while it is made.
  double bytes() const { return 8.0 * cholesky.entries() + 48.0 * system.entries(); }
  /// Multiplications of a certificate.
  double multiplications() const;

  SparseSystem system;
  SparseCholesky cholesky;  ///< of M; l_1: without its inputs, which stay
};

/// Those of a network, made when they are first asked for.
class SparseAnalyses {
 public:
  /// Both must outlive it.
  SparseAnalyses(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes)
      : chain_(chain), slopes_(slopes) {}

  SparseAnalysis& of(const problem::Problem& problem);
  void set_scaling(const problem::Scaling& scaling);
  /// Whether those that there are keep all numbers (SparseSystem).
  bool keep_numbers() const;
  /// Gives the factors' memory back.
  void release();

 private:
  const problem::Chain& chain_;
  const std::vector<problem::LayerSlopes>& slopes_;
  std::optional<problem::Scaling> scaling_;
  std::map<std::tuple<Index, bool, bool>, std::unique_ptr<SparseAnalysis>> made_;
};

/// Open multipliers (Multipliers::lam) are taken at their least.
class SparseCertifier : public Certifier {
 public:
  /// They must outlive the certifier.
  explicit SparseCertifier(SparseAnalyses& analyses) : analyses_(analyses) {}

  std::optional<Certificate> certify(const problem::Problem& problem, const Multipliers& multipliers,
                                     double d, const std::function<bool()>& gives_up = {}) override;
  void release_memory() override;

 private:
  bool factor(SparseMatrix upper);
  double largest_gain(const std::vector<double>& gamma);
  std::vector<double> negative_diagonal(const problem::Problem& problem, const Multipliers& multipliers);

  SparseAnalyses& analyses_;
  SparseAnalysis* analysis_ = nullptr;  ///< the last problem's
  std::vector<double> scale_;           ///< 1 / sqrt of the diagonal of the matrix that was factored
};

}  // namespace geolip::certificate
