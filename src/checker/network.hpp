/// \file
/// The network as the checker sees it: linear layers and activations, in the file's own numbers.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace geolip::checker {

using Index = std::int64_t;

/// y = W x. Shifts play no part in a Lipschitz bound and are left out everywhere.
struct Dense {
  Index rows = 0;
  Index cols = 0;
  std::vector<double> weight;  ///< W, row after row; exactly the file's numbers
};

/// y_i = s_i x_i with s_i in [lower_i, upper_i]: a point where s_i is a double, an enclosure where it is not
/// (1 / 0.3081, alpha * beta). `numerator` and `denominator`, if not empty, give s_i exactly as a quotient.
struct Scale {
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> numerator;
  std::vector<double> denominator;
};

/// y_i = x_{source_i}
struct Permutation {
  std::vector<Index> source;
};

/// y = S x by rows: row i has the entries offset[i] .. offset[i + 1] - 1. Convolutions and pools are written
/// out.
struct Sparse {
  Index cols = 0;
  std::vector<Index> offset{0};
  std::vector<Index> column;
  std::vector<double> value;  ///< exactly the file's numbers

  Index rows() const { return static_cast<Index>(offset.size()) - 1; }
};

/// y = sum_k a_k x_k over tensors of one size
struct Sum {
  std::vector<double> coefficients;
};

/// y = (x_1; x_2; ...)
struct Concat {};

/// An elementwise activation whose difference quotients lie in [lower_i, upper_i].
struct Slopes {
  std::string activation;  ///< name, for the canonical form
  std::vector<double> lower;
  std::vector<double> upper;
};

struct Layer {
  std::string name;
  std::variant<Dense, Scale, Permutation, Slopes, Sparse, Sum, Concat> op;
  /// The tensors that it reads: tensor 0 is the network's input, tensor l + 1 what layer l makes. Empty: the
  /// one before its own.
  std::vector<Index> reads{};
};

/// Layers in the order of computation; the last one's tensor is the output. Dimensions fit and all numbers
/// are finite: readers see to it.
struct Network {
  Index inputs = 0;
  Index outputs = 0;
  std::vector<Layer> layers;
};

}  // namespace geolip::checker
