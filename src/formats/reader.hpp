/// \file
/// What the readers of the file formats share.
#pragma once

#include <formats/fail.hpp>

#include <geolip/io.hpp>
#include <geolip/network.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace geolip::formats {

using Bytes = std::span<const unsigned char>;
using Facts = std::vector<std::pair<std::string, std::string>>;

/// What a reader makes of a file's bytes. A reader's NetworkError does not name the file: read_network does.
struct Parsed {
  Network network;
  Facts facts;
  std::vector<ExternalFile> external{};
  bool rounded = false;            ///< as Source::rounded
  std::optional<Source> source{};  ///< of a canonical file: what it was made from
};

/// Throws NetworkError unless a file that begins like this may be one of MATLAB 5.
void require_mat_header(Bytes first);
Parsed read_mat(Bytes file, const ReadOptions& options);
Parsed read_npz(Bytes file, const ReadOptions& options);
Parsed read_nnet(Bytes file, const ReadOptions& options);
/// `directory` is where the model's external data files lie.
Parsed read_onnx(Bytes file, const std::filesystem::path& directory, const ReadOptions& options);

/// No file that is larger than this many bytes is read.
constexpr std::uintmax_t largest_file = std::uintmax_t{8} << 30U;

/// All bytes of a regular file that is neither empty nor larger than `largest`. The NetworkError says what is
/// wrong without the file's name. The first bytes are shown to `look`, which may throw, before the rest is read.
std::vector<unsigned char> read_bytes(const std::filesystem::path& path,
                                      std::uintmax_t largest = largest_file,
                                      const std::function<void(Bytes)>& look = nullptr);

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

/// SHA-256 in lower-case hex.
std::string sha256(Bytes bytes);

/// A name from a file, made fit for one line of text: other than printable ASCII becomes '?', and what is
/// very long is cut.
std::string printable(std::string_view name);

/// a * b for sizes that come from a file; throws NetworkError, naming `what`, if one is negative or the
/// product is beyond Index.
Index checked_product(Index a, Index b, std::string_view what);

}  // namespace geolip::formats
