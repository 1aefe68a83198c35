#include <formats/archive.hpp>

#include <zip.h>

#include <algorithm>
#include <array>

namespace geolip::formats {
namespace {

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using ArchiveFile = std::unique_ptr<zip_file_t, CloseFile>;

/// An entry that is open, and its size as the archive states it.
struct Entry {
  ArchiveFile file;
  std::size_t size = 0;
};

Entry open_entry(zip_t* archive, std::size_t index) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
    fail("its entry in the archive is damaged");
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
    fail("it is compressed by method ", stat.comp_method, " but only stored and deflated arrays are known");
  Entry entry{ArchiveFile(zip_fopen_index(archive, index, 0)), static_cast<std::size_t>(stat.size)};
  if (!entry.file) fail("it cannot be opened (", printable(zip_strerror(archive)), ")");
  return entry;
}

/// Reads up to `count` bytes in pieces, so that memory grows with what the archive really holds.
std::vector<unsigned char> read_up_to(zip_file_t* file, std::size_t count) {
  std::vector<unsigned char> bytes;
  std::array<unsigned char, 1U << 16U> chunk{};
  while (bytes.size() < count) {
    const zip_int64_t got = zip_fread(file, chunk.data(), std::min(chunk.size(), count - bytes.size()));
    if (got < 0) fail("its compressed data are damaged");
    if (got == 0) break;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
  }
  return bytes;
}

}  // namespace

void Archive::Close::operator()(zip* archive) const { zip_discard(archive); }

Archive::Archive(Bytes file) : budget_(file.size()) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.data(), file.size(), 0, &error);
  archive_.reset(source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive_ == nullptr) {
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (source != nullptr) zip_source_free(source);
    fail("this is not a .npz archive (", printable(reason), ")");
  }
  zip_error_fini(&error);
  const zip_int64_t entries = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* raw = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    names_.push_back(raw == nullptr ? "" : printable(raw));
  }
}

std::string Archive::text(std::size_t entry, std::size_t largest) {
  const Entry open = open_entry(archive_.get(), entry);
  if (open.size > largest) fail("it has ", open.size, " bytes, but at most ", largest, " can be read");
  budget_.take(open.size, "its text");
  // one byte further so that the library reaches the end of the entry and compares its checksum
  const std::vector<unsigned char> bytes = read_up_to(open.file.get(), open.size + 1);
  if (bytes.size() != open.size) fail("its size in the archive is wrong");
  return {bytes.begin(), bytes.end()};
}

RawArray Archive::array(std::size_t entry, char kind) {
  const Entry open = open_entry(archive_.get(), entry);
  std::vector<unsigned char> head = read_up_to(open.file.get(), npy_prefix);
  const std::size_t size = npy_header_size(head);
  const std::vector<unsigned char> rest = read_up_to(open.file.get(), size - npy_prefix);
  head.insert(head.end(), rest.begin(), rest.end());
  if (head.size() != size) fail("it ends inside its NumPy header");
  const NpyHeader header = parse_npy_header(head, kind);
  const Index bytes = checked_product(header.count, static_cast<Index>(header.itemsize), "its shape");
  if (static_cast<std::size_t>(bytes) != open.size - std::min(open.size, size)) {
    fail("its shape ", header.shape, " needs ", bytes, " bytes of data but the archive states ", open.size,
         " with the header");
  }
  budget_.take(open.size, "its data");
  std::vector<unsigned char> data = read_up_to(open.file.get(), static_cast<std::size_t>(bytes));
  // One byte further so that the library reaches the end of the entry and compares its checksum.
  if (data.size() != static_cast<std::size_t>(bytes) || !read_up_to(open.file.get(), 1).empty())
    fail("its data do not have the ", bytes, " bytes that its shape needs");
  return {header, std::move(data)};
}

}  // namespace geolip::formats
