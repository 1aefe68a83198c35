#include <formats/inflate.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace geolip::formats {
namespace {

/// Ends the zlib state on every way out.
struct Stream {
  z_stream z{};
  Stream() {
    if (inflateInit(&z) != Z_OK) fail("zlib cannot be started");
  }
  ~Stream() { inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;
};

}  // namespace

void InflateBudget::take(std::size_t bytes, const std::string& what) {
  if (bytes > left_) {
    fail(what, ": it is ", bytes,
         " bytes or more when decompressed, far more than a file of this size can mean");
  }
  left_ -= bytes;
}

std::vector<unsigned char> inflate_all(Bytes stream, const std::string& what, InflateBudget& budget) {
  Stream s;
  std::vector<unsigned char> out;
  std::array<unsigned char, 1U << 16U> chunk{};
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (s.z.avail_in == 0) {
      // zlib counts its input in 32 bits
      const std::size_t part = std::min<std::size_t>(stream.size(), std::numeric_limits<uInt>::max());
      s.z.next_in = const_cast<unsigned char*>(stream.data());  // zlib does not write to its input
      s.z.avail_in = static_cast<uInt>(part);
      stream = stream.subspan(part);
    }
    s.z.next_out = chunk.data();
    s.z.avail_out = static_cast<uInt>(chunk.size());
    state = inflate(&s.z, Z_NO_FLUSH);
    const std::size_t made = chunk.size() - s.z.avail_out;
    out.insert(out.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(made));
    if ((state != Z_OK && state != Z_STREAM_END) || (state == Z_OK && made == 0 && stream.empty()))
      fail(what, ": its compressed data are damaged");
    if (out.size() > budget.left()) budget.take(out.size(), what);
  }
  budget.take(out.size(), what);
  return out;
}

}  // namespace geolip::formats
