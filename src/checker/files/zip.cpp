#include "checker/files/zip.hpp"

#include "checker/files/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace geolip::checker {
namespace {

constexpr std::size_t end_size = 22;
constexpr std::size_t central_size = 46;
constexpr std::size_t local_size = 30;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t local_signature = 0x04034b50;

[[noreturn]] void fail(const char* why) {
  throw ReadError(std::string("this is not a plain zip archive: ") + why);
}

std::uint16_t word(Bytes bytes, std::size_t at) { return load<std::uint16_t>(bytes.subspan(at)); }
std::uint32_t dword(Bytes bytes, std::size_t at) { return load<std::uint32_t>(bytes.subspan(at)); }

/// The record that ends the archive, without a comment: NumPy writes none.
Bytes end_record(Bytes file) {
  if (file.size() < end_size) fail("it is too short");
  const Bytes end = file.last(end_size);
  if (dword(end, 0) != end_signature || word(end, 20) != 0)
    fail("it does not end in the record that ends one");
  return end;
}

/// An entry of the directory at the front of `directory`, which it shortens.
ZipEntry take_entry(Bytes file, std::size_t directory_offset, Bytes& directory) {
  if (directory.size() < central_size || dword(directory, 0) != central_signature)
    fail("its directory is damaged");
  const std::uint16_t flags = word(directory, 8);
  const std::uint16_t method = word(directory, 10);
  ZipEntry entry;
  entry.crc32 = dword(directory, 16);
  const std::size_t compressed = dword(directory, 20);
  entry.size = dword(directory, 24);
  const std::size_t name_size = word(directory, 28);
  const std::size_t skip = name_size + word(directory, 30) + word(directory, 32);
  const std::size_t offset = dword(directory, 42);
  if (directory.size() - central_size < skip) fail("its directory is damaged");
  const Bytes name = directory.subspan(central_size, name_size);
  entry.name = {reinterpret_cast<const char*>(name.data()), name.size()};
  directory = directory.subspan(central_size + skip);

  constexpr std::uint16_t encrypted = 1;
  constexpr std::uint16_t deflate = 8;
  if ((flags & encrypted) != 0) throw ReadError(in_quotes(entry.name) + " is encrypted");
  if (method != 0 && method != deflate) {
    throw ReadError(in_quotes(entry.name) + " is compressed by method " + std::to_string(method) +
                    " but only stored and deflated arrays are known");
  }
  entry.deflated = method == deflate;
  // Sizes in the local header may be placeholders; its name may not.
  if (offset > directory_offset || directory_offset - offset < local_size)
    fail("an entry lies outside of it");
  const Bytes local = file.subspan(offset, directory_offset - offset);
  const std::size_t local_name = word(local, 26);
  const std::size_t data = local_size + local_name + word(local, 28);
  if (dword(local, 0) != local_signature || data > local.size() || compressed > local.size() - data) {
    fail("an entry is damaged");
  }
  const Bytes other = local.subspan(local_size, local_name);
  if (!std::equal(other.begin(), other.end(), name.begin(), name.end())) fail("an entry has two names");
  entry.stored = local.subspan(data, compressed);
  if (!entry.deflated && compressed != entry.size) fail("an entry has two sizes");
  return entry;
}

std::uint32_t checksum(std::uint32_t crc, Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    crc = static_cast<std::uint32_t>(crc32(crc, bytes.data(), static_cast<uInt>(n)));
    bytes = bytes.subspan(n);
  }
  return crc;
}

}  // namespace

std::vector<ZipEntry> zip_entries(Bytes file) {
  const Bytes end = end_record(file);
  const std::size_t count = word(end, 10);
  const std::size_t size = dword(end, 12);
  const std::size_t offset = dword(end, 16);
  if (word(end, 4) != 0 || word(end, 6) != 0 || word(end, 8) != count) fail("it has several parts");
  if (offset > file.size() - end_size || size != file.size() - end_size - offset) {
    fail("its directory does not lie before its end");
  }
  Bytes directory = file.subspan(offset, size);
  std::vector<ZipEntry> entries;
  for (std::size_t i = 0; i < count; ++i) entries.push_back(take_entry(file, offset, directory));
  if (!directory.empty()) fail("its directory has more entries than it states");
  return entries;
}

void read_entry(
    const ZipEntry& entry,
    const std::function<void(const std::function<std::vector<unsigned char>(std::size_t)>&)>& read) {
  std::size_t left = entry.size;
  std::uint32_t crc = 0;
  const auto run = [&](const std::function<std::vector<unsigned char>(std::size_t)>& source) {
    read([&](std::size_t count) {
      if (count > left) throw ReadError("it ends too early");
      left -= count;
      std::vector<unsigned char> bytes = source(count);
      crc = checksum(crc, bytes);
      return bytes;
    });
  };
  if (entry.deflated) {
    Inflater inflater(entry.stored, Inflater::Wrapping::none);
    run([&](std::size_t count) { return inflater.read(count); });
    inflater.finish();
  } else {
    Bytes rest = entry.stored;
    run([&](std::size_t count) {
      const Bytes front = rest.first(count);
      rest = rest.subspan(count);
      return std::vector<unsigned char>(front.begin(), front.end());
    });
  }
  if (left != 0) throw ReadError("it goes on after its end");
  if (crc != entry.crc32) throw ReadError("its checksum is wrong");
}

}  // namespace geolip::checker
