#include "checker/files/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace geolip::checker {
namespace {

// Deflate makes at most 1032 bytes of one.
constexpr std::size_t largest_ratio = 1032;

}  // namespace

struct Inflater::State {
  z_stream stream{};
  Bytes input;
  std::size_t left = 0;  ///< bytes that can come at most
  bool ended = false;

  /// Fills the buffer as far as the stream goes.
  std::size_t fill(unsigned char* out, std::size_t count) {
    std::size_t done = 0;
    while (done < count && !ended) {
      constexpr std::size_t most = std::numeric_limits<uInt>::max();
      if (stream.avail_in == 0) {
        const std::size_t next = std::min(most, input.size());
        stream.next_in = const_cast<Bytef*>(input.data());
        stream.avail_in = static_cast<uInt>(next);
        input = input.subspan(next);
      }
      const std::size_t room = std::min(most, count - done);
      stream.next_out = out + done;
      stream.avail_out = static_cast<uInt>(room);
      const int status = inflate(&stream, Z_NO_FLUSH);
      done += room - stream.avail_out;
      ended = status == Z_STREAM_END;
      if (status != Z_OK && status != Z_STREAM_END) {
        throw ReadError("its compressed data are damaged or end too early");
      }
    }
    return done;
  }
};

Inflater::Inflater(Bytes stream, Wrapping wrapping) : state_(std::make_unique<State>()) {
  state_->input = stream;
  state_->left = stream.size() > std::numeric_limits<std::size_t>::max() / largest_ratio
                     ? std::numeric_limits<std::size_t>::max()
                     : stream.size() * largest_ratio;
  constexpr int window = 15;
  if (inflateInit2(&state_->stream, wrapping == Wrapping::zlib ? window : -window) != Z_OK) {
    throw ReadError("zlib cannot be started");
  }
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

std::vector<unsigned char> Inflater::read(std::size_t count) {
  if (count > state_->left) throw ReadError("its compressed data are too short for what they claim to hold");
  state_->left -= count;
  std::vector<unsigned char> bytes(count);
  if (state_->fill(bytes.data(), count) != count) {
    throw ReadError("its compressed data end too early");
  }
  return bytes;
}

void Inflater::finish() {
  unsigned char extra = 0;
  if (state_->fill(&extra, 1) != 0) throw ReadError("its compressed data go on after their end");
  if (!state_->input.empty() || state_->stream.avail_in != 0) {
    throw ReadError("something follows its compressed data");
  }
}

}  // namespace geolip::checker
