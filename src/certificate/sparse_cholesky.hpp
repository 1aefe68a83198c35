/// \file
/// Cholesky factors of sparse matrices, by CHOLMOD.
#pragma once

#include <geolip/network.hpp>

#include <Eigen/SparseCore>

#include <memory>
#include <vector>

namespace geolip::certificate {

/// By columns, with 64-bit indices.
using SparseMatrix = Eigen::SparseMatrix<double, Eigen::ColMajor, std::int64_t>;

/// Factors of symmetric matrices with one and the same pattern, P A P' = L L'. The order of elimination is found
/// once: of several that fill in little the one with the least work. CHOLMOD is loaded when it is first asked for.
class SparseCholesky {
 public:
  /// Whether the library is there.
  static bool is_available();

  /// \param pattern the upper triangle, diagonal included; its values do not matter
  /// \param last rows that are eliminated after all others, in this order: those that are joined to many
  /// Throws std::bad_alloc, or QueryError where the library is not there.
  SparseCholesky(const SparseMatrix& pattern, const std::vector<Index>& last);
  SparseCholesky(const SparseCholesky&) = delete;
  SparseCholesky& operator=(const SparseCholesky&) = delete;
  SparseCholesky(SparseCholesky&&) = delete;
  SparseCholesky& operator=(SparseCholesky&&) = delete;
  ~SparseCholesky();

  Index size() const;
  /// Multiplications of a factorisation.
  double multiplications() const;
  /// Numbers of a factor, as they are stored.
  double entries() const;

  /// Factors a matrix whose upper triangle has the pattern. False if a pivot is not positive or not a number:
  /// then there is no factor.
  bool factor(const SparseMatrix& upper);
  /// X = A^-1 B for a matrix of so many columns, one after the other, in place.
  /// \pre factor() has succeeded
  void solve(std::vector<double>& b, Index columns);
  /// X = L^-1 P B, whose columns have the squared lengths b' A^-1 b.
  void solve_lower(std::vector<double>& b, Index columns);
  /// Gives the factor's memory back.
  void release();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace geolip::certificate
