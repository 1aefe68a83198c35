/// \file
/// Compressed data of a known size.
#pragma once

#include "checker/files/bytes.hpp"

#include <memory>

namespace geolip::checker {

/// Takes a stream apart from its front, as much at a time as its reader has learned to expect: whoever calls
/// knows the size before memory is taken.
class Inflater {
 public:
  enum class Wrapping { zlib, none };

  Inflater(Bytes stream, Wrapping wrapping);
  Inflater(const Inflater&) = delete;
  Inflater(Inflater&&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  Inflater& operator=(Inflater&&) = delete;
  ~Inflater();

  /// The next `count` bytes. Throws ReadError if the stream is damaged or ends before, or if `count` is more
  /// than a stream of this length can hold.
  std::vector<unsigned char> read(std::size_t count);
  /// Throws ReadError unless the stream ends here.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace geolip::checker
