/// \file
/// Zip archives of arrays, as NumPy writes them.
#pragma once

#include <formats/inflate.hpp>
#include <formats/npy.hpp>

#include <memory>
#include <string>
#include <vector>

struct zip;

namespace geolip::formats {

/// An array as it lies in the archive.
struct RawArray {
  NpyHeader header;
  std::vector<unsigned char> data;  ///< header.count * header.itemsize bytes
};

/// The entries of an archive, in its order. What is read counts against one budget.
class Archive {
 public:
  /// Throws NetworkError if the bytes, which must outlive it, are no archive.
  explicit Archive(Bytes file);

  /// Of every entry, fit for a message.
  const std::vector<std::string>& names() const { return names_; }
  /// All bytes of an entry, at most `largest`. Throws NetworkError.
  std::string text(std::size_t entry, std::size_t largest);
  /// An entry that is an array of floats (kind 'f') or of int64 ('i'). Throws NetworkError.
  RawArray array(std::size_t entry, char kind = 'f');

 private:
  struct Close {
    void operator()(zip* archive) const;
  };
  std::unique_ptr<zip, Close> archive_;
  std::vector<std::string> names_;
  InflateBudget budget_;
};

}  // namespace geolip::formats
