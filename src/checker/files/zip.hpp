/// \file
/// The entries of a zip archive.
#pragma once

#include "checker/files/bytes.hpp"

#include <functional>

namespace geolip::checker {

struct ZipEntry {
  std::string_view name;
  bool deflated = false;
  Bytes stored;             ///< as it lies in the archive
  std::size_t size = 0;     ///< of its contents
  std::uint32_t crc32 = 0;  ///< of its contents
};

/// The archive's entries. Throws ReadError unless the archive is one plain directory that ends the file: what
/// lies between its parts is no business of ours, but which directory counts must not be a matter of opinion.
std::vector<ZipEntry> zip_entries(Bytes file);

/// Hands an entry's contents to `read`, which takes them from the front with the function that it gets and
/// must take them all. Throws ReadError if they are damaged.
void read_entry(
    const ZipEntry& entry,
    const std::function<void(const std::function<std::vector<unsigned char>(std::size_t)>&)>& read);

}  // namespace geolip::checker
