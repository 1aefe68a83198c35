/// \file
/// The network as the checker sees it: linear layers and slopes, in the numbers of the canonical file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <checker/real.hpp>

namespace geolip::checker {

using Index = std::int64_t;

inline std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// y = W x. Shifts play no part in a Lipschitz bound and are left out everywhere.
struct Dense {
  Index rows = 0;
  Index cols = 0;
  std::vector<double> weight;  ///< W, row after row
  bool operator==(const Dense&) const = default;
};

/// y_i = s_i x_i with s_i in [lower_i, upper_i]; `value_i`, inside, is the number that was written, about which
/// exact arithmetic decides.
struct Scale {
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> value;
  bool operator==(const Scale&) const = default;
};

/// y_i = x_{source_i}
struct Permutation {
  std::vector<Index> source;
  bool operator==(const Permutation&) const = default;
};

/// y = S x by rows: row i has the entries offset[i] .. offset[i + 1] - 1. Convolutions and pools are written
/// out.
struct Sparse {
  Index cols = 0;
  std::vector<Index> offset{0};
  std::vector<Index> column;
  std::vector<double> value;

  Index rows() const { return static_cast<Index>(offset.size()) - 1; }
  bool operator==(const Sparse&) const = default;
};

/// y = sum_k a_k x_k over tensors of one size
struct Sum {
  std::vector<double> coefficients;
  bool operator==(const Sum&) const = default;
};

/// y = (x_1; x_2; ...)
struct Concat {
  bool operator==(const Concat&) const = default;
};

/// An elementwise activation whose difference quotients lie in [lower_i, upper_i].
struct Slopes {
  std::vector<double> lower;
  std::vector<double> upper;
  bool operator==(const Slopes&) const = default;
};

struct Layer {
  std::string name;
  std::variant<Dense, Scale, Permutation, Slopes, Sparse, Sum, Concat> op;
  /// The tensors that it reads: tensor 0 is the network's input, tensor l + 1 what layer l makes. Empty: the
  /// one before its own.
  std::vector<Index> reads{};
  bool operator==(const Layer&) const = default;
};

/// Layers in the order of computation; the last one's tensor is the output. Dimensions fit and all numbers
/// are finite: readers see to it.
struct Network {
  Index inputs = 0;
  Index outputs = 0;
  std::vector<Layer> layers;
  bool operator==(const Network&) const = default;
};

enum class InputNorm { linf, l2, l1 };

/// The slope intervals of one activation layer as the claim assumes them, in place of the activation's own.
struct SlopeIntervals {
  std::vector<double> lower;
  std::vector<double> upper;
};

/// The claim: FGL of `rows` times the network's outputs is at most `bound`.
struct Claim {
  InputNorm norm = InputNorm::l2;
  /// Objective rows, each with one coefficient an output. One row: <row, f>. Several rows: the spectral norm
  /// of (rows * Jacobian), l_2 only.
  std::vector<std::vector<double>> rows;
  /// Empty: the activations' own. Otherwise one entry for each activation layer: the claim is about these
  /// intervals, which need not hold those of the activation (a local bound, valid where the slopes are).
  std::vector<SlopeIntervals> slopes;
  /// l_1 only: the input coordinates that the claim is about, ascending; empty: all.
  std::vector<Index> coordinates;
  double bound = 0.0;  ///< finite, >= 0
};

/// Multipliers for which the quadratic form M (docs/certificate.md) is claimed to be positive semidefinite.
struct Multipliers {
  Real zeta;                              ///< of the objective's block
  std::vector<Real> gamma;                ///< l_inf: one for each input; l_1: one for each coordinate of the
                                          ///< claim; l_2: one
  std::vector<std::vector<Real>> lambda;  ///< one for each neuron of each activation layer; not read where
                                          ///< the slope interval is a point or no path passes
};

struct Proof {
  Claim claim;
  Multipliers multipliers;
};

}  // namespace geolip::checker
