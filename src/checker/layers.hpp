/// \file
/// From what a canonical file says of a layer to what the proof takes: slopes, rows of matrices, enclosures.
#pragma once

#include <checker/network.hpp>

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace geolip::checker {

/// The slope intervals of so many neurons of an activation (docs/network-file.md has the kinds and their
/// parameters; docs/method.md, section 1, the numbers). Throws ReadError for a kind that is not known, and for
/// parameters that give no slopes.
Slopes slopes_of(std::string_view kind, const std::vector<std::vector<double>>& parameters, Index neurons);

/// The names of its parameters, in their order. Throws ReadError for what is no kind of activation.
std::vector<const char*> parameters_of(std::string_view kind);

/// Factors that reading may have rounded: 1 / c, s / sqrt(variance + epsilon). The proof is for every factor
/// within three units in the last place, so that it holds for those of the file that was read too. 0 and +-1
/// are exact.
Scale scale_of(std::vector<double> factors);

/// A convolution (docs/network-file.md), its weights filters x (channels / groups) x kernel.
struct Convolution {
  Index channels = 1;
  Index filters = 1;
  Index groups = 1;
  std::array<Index, 2> image{1, 1};
  std::array<Index, 2> kernel{1, 1};
  std::array<Index, 2> stride{1, 1};
  std::array<Index, 2> dilation{1, 1};
  std::array<Index, 2> before{0, 0};
  std::array<Index, 2> after{0, 0};
  std::span<const double> weight;
};

/// Numbers of coordinates that it reads and makes. Throws ReadError if its sizes make no sense.
std::pair<Index, Index> sizes_of(const Convolution& conv);
/// Its matrix, or the transpose of that.
Sparse rows_of(const Convolution& conv, bool transposed);

}  // namespace geolip::checker
