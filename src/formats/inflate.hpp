/// \file
/// zlib streams inside files.
#pragma once

#include <formats/reader.hpp>

namespace geolip::formats {

/// Counts the bytes that come out of a file's compressed parts. Deflate makes a thousand bytes of one, and
/// the parts of an archive may overlap, so what comes out is bounded by a multiple of the file's size that no
/// honest network comes near.
class InflateBudget {
 public:
  explicit InflateBudget(std::size_t file) : left_(base + per_byte * file) {}

  std::size_t left() const { return left_; }
  /// Throws NetworkError, naming `what`, if `bytes` more are too many.
  void take(std::size_t bytes, const std::string& what);

 private:
  static constexpr std::size_t base = std::size_t{1} << 26;
  static constexpr std::size_t per_byte = 64;

  std::size_t left_;
};

/// The contents of a zlib stream. Memory grows with what really comes out, so that a stream cannot claim a
/// size. Throws NetworkError, naming `what`, if the stream is damaged or longer than the budget allows.
std::vector<unsigned char> inflate_all(Bytes stream, const std::string& what, InflateBudget& budget);

}  // namespace geolip::formats
