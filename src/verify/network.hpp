/// \file
/// The network as the checker sees it: a chain of linear layers and activations, in the file's own numbers.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace geolip::verify {

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

/// An elementwise activation whose difference quotients lie in [lower_i, upper_i].
struct Slopes {
  std::string activation;  ///< name, for the canonical form
  std::vector<double> lower;
  std::vector<double> upper;
};

struct Layer {
  std::string name;
  std::variant<Dense, Scale, Permutation, Slopes> op;
};

/// Layers in the order of computation. Dimensions fit and all numbers are finite: readers see to it.
struct Network {
  Index inputs = 0;
  Index outputs = 0;
  std::vector<Layer> layers;
};

}  // namespace geolip::verify
