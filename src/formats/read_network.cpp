#include <formats/reader.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <new>
#include <stdexcept>

namespace geolip {
namespace formats {
namespace {

void require_onnx(Bytes first) {
  // a tag of protobuf: the number of a field, which is not 0, and how its value is written
  const unsigned kind = first.front() & 7U;
  if (first.front() < 8 || kind == 3 || kind == 4 || kind > 5)
    fail("this is not an ONNX model, or a damaged one");
}

void require_zip(Bytes first) {
  if (first.size() < 2 || first[0] != 'P' || first[1] != 'K') fail("this is not a .npz archive");
}

void require_text(Bytes first) {
  if (std::find(first.begin(), first.end(), 0) != first.end())
    fail("this is not a .nnet file: it is no text");
}

template <Parsed (*read)(Bytes, const ReadOptions&)>
Parsed alone(Bytes file, const std::filesystem::path& /*directory*/, const ReadOptions& options) {
  return read(file, options);
}

/// A kind of files, told by the extension.
struct Format {
  const char* name;  ///< the extension without its point
  std::uintmax_t largest;
  void (*look)(Bytes first);  ///< refuses a file whose first bytes cannot be those of the format
  Parsed (*read)(Bytes file, const std::filesystem::path& directory, const ReadOptions& options);
  bool names_activations;
};
constexpr std::array<Format, 4> known{{
    // a larger ONNX model is for its reader to refuse, with advice
    {"onnx", std::uintmax_t{1} << 31U, require_onnx, read_onnx, true},
    {"mat", largest_file, require_mat_header, alone<read_mat>, false},
    {"npz", largest_file, require_zip, alone<read_npz>, false},
    {"nnet", largest_file, require_text, alone<read_nnet>, true},
}};

const Format& format_of(const std::filesystem::path& path) {
  if (path.empty()) fail("the path of the network's file is empty");
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension.empty()) fail("a network's file needs one of the extensions .onnx, .mat, .npz, .nnet");
  for (const Format& format : known) {
    if (extension.substr(1) == format.name) return format;
  }
  fail("the extension ", printable(extension), " is none of .onnx, .mat, .npz, .nnet");
}

NetworkFile read(const std::filesystem::path& path, const ReadOptions& options, std::string& file) {
  const Format& format = format_of(path);
  const std::vector<unsigned char> bytes = read_bytes(path, format.largest, [&](Bytes first) {
    file = printable(path.filename().string());
    format.look(first);
  });
  // Options that a format cannot follow are refused: a bound in other units or of another network than the one
  // asked for would be worse than none.
  const auto check_options = [&](bool names_activations) {
    if (options.activation && names_activations)
      fail<QueryError>(file, ": an activation cannot be chosen because the file names its own");
    if (options.physical_units && format.name != std::string_view("nnet"))
      fail<QueryError>(file, ": physical units cannot be chosen because only .nnet files state them");
  };
  check_options(format.names_activations);
  Parsed parsed = format.read(bytes, path.parent_path(), options);
  std::string hash = sha256(bytes);
  const bool canonical = parsed.source.has_value();
  check_options(format.names_activations || canonical);
  Source source{path.filename().string(), hash, std::move(parsed.external), options, parsed.rounded};
  if (canonical) source = std::move(*parsed.source);
  return {std::move(parsed.network), canonical ? "canonical" : format.name, std::move(hash),
          std::move(parsed.facts), std::move(source)};
}

}  // namespace
}  // namespace formats

NetworkFile read_network(const std::filesystem::path& path, const ReadOptions& options) {
  // Complaints about the file's place give the whole path, those about its contents the file's name.
  std::string file = formats::printable(path.string());
  try {
    return formats::read(path, options, file);
  } catch (const NetworkError& error) {
    formats::fail(file.empty() ? "" : file + ": ", error.what());
  } catch (const std::bad_alloc&) {
    formats::fail(file, ": there is not enough memory to read it");
  } catch (const std::length_error&) {
    formats::fail(file, ": there is not enough memory to read it");
  }
}

}  // namespace geolip
