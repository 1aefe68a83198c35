#include <formats/reader.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <limits>
#include <memory>

namespace geolip::formats {

std::vector<unsigned char> read_bytes(const std::filesystem::path& path, std::uintmax_t largest,
                                      const std::function<void(Bytes)>& look) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) fail("there is no such file");
  if (!std::filesystem::status_known(status)) fail("the file cannot be opened (", error.message(), ")");
  if (std::filesystem::is_directory(status)) fail("this is a directory, not a file");
  // a pipe or a device has no size that could bound the memory
  if (!std::filesystem::is_regular_file(status)) fail("this is not a regular file");
  const auto size = std::filesystem::file_size(path, error);
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!error && !stream) error.assign(errno, std::generic_category());
  if (error || !stream) fail("the file cannot be opened (", error.message(), ")");
  if (size == 0) fail("the file is empty");
  // before memory is taken: a sparse file has any size
  if (size > largest) fail("the file has ", size, " bytes, but at most ", largest, " can be read");
  // What is of another kind is refused by its first bytes, before gigabytes are read.
  constexpr std::uintmax_t first = 4096;
  std::vector<unsigned char> bytes(std::min(size, first));
  const auto read = [&stream, &bytes](std::size_t begin) {
    char* const to = reinterpret_cast<char*>(bytes.data() + begin);
    if (!stream.read(to, static_cast<std::streamsize>(bytes.size() - begin)))
      fail("the file cannot be read to its end");
  };
  read(0);
  if (look) look(bytes);
  const std::size_t begin = bytes.size();
  bytes.resize(size);
  read(begin);
  return bytes;
}

std::string sha256(Bytes bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL cannot compute SHA-256");
  }
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += hex[digest[i] >> 4U];
    text += hex[digest[i] & 15U];
  }
  return text;
}

std::string printable(std::string_view name) {
  constexpr std::size_t longest = 120;
  std::string text(name.substr(0, longest));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (name.size() > longest) text += "...";
  return text;
}

std::string dimensions(std::span<const Index> dims) {
  constexpr std::size_t most = 16;  // no more fit in a sentence
  std::string text;
  for (const Index d : dims.first(std::min(dims.size(), most))) {
    if (!text.empty()) text += 'x';
    text += std::to_string(d);
  }
  if (dims.size() > most) text += "x...";
  return text.empty() ? "scalar" : text;
}

Index checked_product(Index a, Index b, std::string_view what) {
  Index product = 0;
  if (a < 0 || b < 0) fail(what, " has a negative size");
  if (__builtin_mul_overflow(a, b, &product)) fail(what, " is larger than any memory");
  return product;
}

}  // namespace geolip::formats
