/// \file
/// The form M of a certificate as one sparse matrix (docs/method.md, section 4).
#pragma once

#include <certificate/multipliers.hpp>
#include <certificate/sparse_cholesky.hpp>
#include <problem/chain.hpp>
#include <problem/scaling.hpp>

#include <vector>

namespace geolip::certificate {

/// What is sparse in M of (M13): every linear layer written in the variables that are left when folded neurons are
/// substituted, v = c w. The variables are the inputs, then the neurons with h > 0 from the lowest layer upwards, then
/// the objective's own: e, or for a vector objective one for each output, which Schur's complement removes again,
///
///     |y|^2 - 2 y'F V  has the minimum  -|F V|^2  over y.                                                    (M36)
class SparseSystem {
 public:
  /// For the slope set `set`, in the network's units.
  SparseSystem(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes, Index set,
               bool vector);

  /// The scaled network's units from here on.
  void set_scaling(const problem::Scaling& scaling);

  /// Whether nothing underflowed or overflowed when linear layers were multiplied out and scaled. Where it did, an entry
  /// may be missing that later ones make large: the form then proves nothing.
  bool keeps_numbers() const { return keeps_numbers_; }

  Index inputs() const { return inputs_; }
  Index variables() const { return variables_; }
  /// Entries of the upper triangle.
  double entries() const { return static_cast<double>(pattern_.nonZeros()); }
  /// The upper triangle with all entries that M may have for any objective; values mean nothing.
  const SparseMatrix& pattern() const { return pattern_; }
  /// Variables that are joined to many others, which are best eliminated last.
  const std::vector<Index>& last() const { return last_; }

  /// The upper triangle of M with these multipliers, and gamma on the diagonal of the inputs.
  /// \param gamma one for each input
  SparseMatrix form(const problem::Problem& problem, const Multipliers& multipliers,
                    const std::vector<double>& gamma) const;

 private:
  using Rows = Eigen::SparseMatrix<double, Eigen::RowMajor, std::int64_t>;

  SparseMatrix assemble(const Rows& last_rows, const std::vector<double>& diagonal,
                        const Multipliers* multipliers) const;

  const std::vector<problem::LayerSlopes>& slopes_;
  Index set_;
  bool vector_;
  bool keeps_numbers_ = true;
  Index inputs_ = 0;
  Index variables_ = 0;
  problem::Scaling scaling_;
  std::vector<Rows> w_;  ///< of each layer: w in the variables
  std::vector<std::vector<Index>>
      own_;      ///< of each layer: the variable that a neuron is, -1 where it is folded
  Rows output_;  ///< F V in the variables
  Rows joined_;  ///< one row with all entries that objectives have
  SparseMatrix pattern_;
  std::vector<Index> last_;
};

}  // namespace geolip::certificate
