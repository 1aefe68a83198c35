/// \file
/// A bound on the memory and the work that a file may ask for.
#pragma once

#include <formats/fail.hpp>

#include <geolip/network.hpp>

#include <string>

namespace geolip::formats::onnx_graph {

/// Counts the numbers that reading a graph makes. A few bytes can describe tensors of any size (by
/// ConstantOfShape, by broadcasting, by using a weight many times), so what is made is bounded by a multiple
/// of the file's size that no honest network comes near.
class Budget {
 public:
  explicit Budget(std::size_t bytes)
      : numbers_(base + per_byte * static_cast<Index>(bytes)), work_(numbers_) {
    // a matrix product of constants does more than it makes
    work_ = work_ > most_work / work_per_number ? most_work : work_ * work_per_number;
  }

  /// Allows `bytes` more of input: an external data file.
  void extend(std::size_t bytes) { numbers_ += per_byte * static_cast<Index>(bytes); }

  /// Throws NetworkError if `count` more numbers are too many.
  void take(Index count) { spend(numbers_, count, "numbers"); }
  /// Throws NetworkError if `count` more multiplications are too many.
  void work(Index count) { spend(work_, count, "multiplications"); }

 private:
  static constexpr Index base = Index{1} << 24;
  static constexpr Index per_byte = 8;
  static constexpr Index work_per_number = 64;
  static constexpr Index most_work = Index{1} << 38;

  static void spend(Index& left, Index count, const char* what) {
    if (count > left)
      fail("this asks for ", count, " ", what, ", far more than a file of this size can mean");
    left -= count;
  }

  Index numbers_;
  Index work_;
};

}  // namespace geolip::formats::onnx_graph
