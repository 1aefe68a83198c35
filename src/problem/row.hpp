/// \file
/// Rows over the outputs: what an objective is a gradient of.
#pragma once

#include <geolip/query.hpp>

#include <vector>

namespace geolip::problem {

/// A row u of coefficients over the outputs: those that are not zero, by ascending output. Without outputs it
/// is no row: all outputs are meant.
struct Row {
  Index outputs = 0;
  std::vector<Index> index;
  std::vector<double> value;

  Row() = default;
  /// From all coefficients, one an output.
  Row(const std::vector<double>& coefficients);
  /// 1 at output k, 0 elsewhere.
  static Row unit(Index k, Index outputs);

  bool empty() const { return outputs == 0; }
  /// All coefficients.
  std::vector<double> dense() const;
  /// Whether all coefficients that are not zero are 1 or -1.
  bool has_units() const;
  /// The largest coefficient in size.
  double largest() const;
  /// Multiplies by 2^exponent.
  void scale(int exponent);

  bool operator==(const Row&) const = default;
};

/// Throws QueryError unless the objective can be asked of a network with `outputs` outputs in this norm.
void check_objective(const Objective& objective, Norm norm, Index outputs);

/// The row u of a scalar objective <u, f>; none for the vector.
/// \pre check_objective() has accepted it
Row objective_row(const Objective& objective, Index outputs);

}  // namespace geolip::problem
