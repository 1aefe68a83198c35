/// \file
/// Matrices that know how far rounding may have moved each of their entries.
#pragma once

#include <checker/network.hpp>

namespace geolip::checker {

/// A matrix whose true entries lie within (value_ij +- error_ij) 2^(row_exponent_i + column_exponent_j).
class EnclosedMatrix {
 public:
  EnclosedMatrix() = default;
  /// The exact matrix of row-major numbers that belong to the caller, and must outlive the map.
  static EnclosedMatrix view(Index rows, Index cols, const double* value);
  /// A map of its own numbers; an `error` that is empty or zero means an exact one, empty exponents
  /// mean zeros.
  EnclosedMatrix(Index rows_, Index cols_, std::vector<double> value, std::vector<double> error,
                 std::vector<std::int64_t> row_exponent, std::vector<std::int64_t> column_exponent);
  EnclosedMatrix(const EnclosedMatrix&) = delete;  // value_ may point into own_
  EnclosedMatrix& operator=(const EnclosedMatrix&) = delete;
  EnclosedMatrix(EnclosedMatrix&&) noexcept = default;
  EnclosedMatrix& operator=(EnclosedMatrix&&) noexcept = default;
  ~EnclosedMatrix() = default;

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  bool exact() const { return error_.empty(); }
  bool has_exponents() const { return !row_exponent_.empty() || !column_exponent_.empty(); }
  double value(Index i, Index j) const { return value_[i * cols_ + j]; }
  double error(Index i, Index j) const { return error_.empty() ? 0.0 : error_[at(i * cols_ + j)]; }
  std::int64_t row_exponent(Index i) const { return row_exponent_.empty() ? 0 : row_exponent_[at(i)]; }
  std::int64_t column_exponent(Index j) const {
    return column_exponent_.empty() ? 0 : column_exponent_[at(j)];
  }
  /// False only if the true entry is certainly zero.
  bool maybe_nonzero(Index i, Index j) const { return value(i, j) != 0.0 || error(i, j) != 0.0; }

  /// Some rows and columns, in the order of the lists.
  EnclosedMatrix select(const std::vector<Index>& rows, const std::vector<Index>& cols) const;

 private:
  Index rows_ = 0;
  Index cols_ = 0;
  std::vector<double> own_;
  const double* value_ = nullptr;
  std::vector<double> error_;
  std::vector<std::int64_t> row_exponent_;
  std::vector<std::int64_t> column_exponent_;
};

/// y_i = s_i x_{source_i} with s_i in (value_i +- error_i) 2^exponent_i. `source` is a permutation, and
/// neither value nor error is above 1 in size.
struct Monomial {
  std::vector<Index> source;
  std::vector<double> value;
  std::vector<double> error;
  std::vector<std::int64_t> exponent;

  static Monomial identity(Index n);
  /// The diagonal of exact numbers.
  static Monomial diagonal(const std::vector<double>& d);
};

Monomial monomial(const Scale& scale);
Monomial monomial(const Permutation& permutation);
/// The matrix itself.
EnclosedMatrix dense(const Monomial& a);
EnclosedMatrix dense(const Sparse& sparse);

EnclosedMatrix product(const EnclosedMatrix& a, const EnclosedMatrix& b, int threads);
EnclosedMatrix product(const EnclosedMatrix& a, const Monomial& b);
EnclosedMatrix product(const Monomial& a, const EnclosedMatrix& b);
Monomial product(const Monomial& a, const Monomial& b);
EnclosedMatrix product(const EnclosedMatrix& a, const Sparse& b, int threads);
/// a + b; where both entries are exact and so is their sum, it stays exact.
EnclosedMatrix sum(const EnclosedMatrix& a, const EnclosedMatrix& b);

}  // namespace geolip::checker
