#include <formats/reader.hpp>

#include <geolip/error.hpp>
#include <geolip/io.hpp>

#include <algorithm>
#include <cctype>
#include <new>
#include <stdexcept>

namespace geolip {
namespace {

enum class Format { onnx, mat, npz, nnet };

Format format_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".onnx") return Format::onnx;
  if (extension == ".mat") return Format::mat;
  if (extension == ".npz") return Format::npz;
  if (extension == ".nnet") return Format::nnet;
  throw NetworkError(extension.empty()
                         ? "a network's file needs one of the extensions .onnx, .mat, .npz, .nnet"
                         : "the extension " + formats::printable(extension) +
                               " is none of .onnx, .mat, .npz, .nnet");
}

const char* name_of(Format format) {
  switch (format) {
    case Format::onnx:
      return "onnx";
    case Format::mat:
      return "mat";
    case Format::npz:
      return "npz";
    case Format::nnet:
      return "nnet";
  }
  return "unknown";
}

formats::Parsed parse(Format format, formats::Bytes bytes, const std::filesystem::path& path,
                      const ReadOptions& options) {
  switch (format) {
    case Format::onnx:
      return formats::read_onnx(bytes, path.parent_path(), options);
    case Format::mat:
      return formats::read_mat(bytes, options);
    case Format::npz:
      return formats::read_npz(bytes, options);
    case Format::nnet:
      return formats::read_nnet(bytes, options);
  }
  throw NetworkError("format of unknown kind");
}

/// The largest file of a format. A larger ONNX model is for its reader to refuse, with advice.
std::uintmax_t largest_of(Format format) {
  return format == Format::onnx ? std::uintmax_t{1} << 31U : formats::largest_file;
}

/// Refuses a file whose first bytes cannot be those of its format.
void require_beginning(Format format, formats::Bytes first) {
  switch (format) {
    case Format::onnx: {
      // a tag of protobuf: the number of a field, which is not 0, and how its value is written
      const unsigned kind = first.front() & 7U;
      if (first.front() < 8 || kind == 3 || kind == 4 || kind > 5) {
        throw NetworkError("this is not an ONNX model, or a damaged one");
      }
      return;
    }
    case Format::mat:
      return formats::require_mat_header(first);
    case Format::npz:
      if (first.size() < 2 || first[0] != 'P' || first[1] != 'K') {
        throw NetworkError("this is not a .npz archive");
      }
      return;
    case Format::nnet:
      if (std::find(first.begin(), first.end(), 0) != first.end()) {
        throw NetworkError("this is not a .nnet file: it is no text");
      }
      return;
  }
}

/// Options that a format cannot follow are refused: a bound in other units or of another network than the
/// one asked for would be worse than none.
void check_options(Format format, const std::string& file, const ReadOptions& options) {
  if (options.activation && (format == Format::onnx || format == Format::nnet)) {
    throw QueryError(file + ": an activation cannot be chosen because the file names its own");
  }
  if (options.physical_units && format != Format::nnet) {
    throw QueryError(file + ": physical units cannot be chosen because only .nnet files state them");
  }
}

}  // namespace

NetworkFile read_network(const std::filesystem::path& path, const ReadOptions& options) {
  // Complaints about the file's place give the whole path, those about its contents the file's name.
  std::string file = formats::printable(path.string());
  try {
    if (path.empty()) {
      throw NetworkError("the path of the network's file is empty");
    }
    const Format format = format_of(path);
    const std::vector<unsigned char> bytes =
        formats::read_bytes(path, largest_of(format), [&](formats::Bytes first) {
          file = formats::printable(path.filename().string());
          require_beginning(format, first);
        });
    check_options(format, file, options);
    formats::Parsed parsed = parse(format, bytes, path, options);
    std::string hash = formats::sha256(bytes);
    const bool canonical = parsed.source.has_value();
    if (canonical && options.activation)
      throw QueryError(file + ": an activation cannot be chosen because the file names its own");
    Source source{path.filename().string(), hash, std::move(parsed.external), options, parsed.rounded};
    if (canonical) source = std::move(*parsed.source);
    return {std::move(parsed.network), canonical ? "canonical" : name_of(format), std::move(hash),
            std::move(parsed.facts), std::move(source)};
  } catch (const NetworkError& error) {
    throw NetworkError((file.empty() ? "" : file + ": ") + error.what());
  } catch (const std::bad_alloc&) {
    throw NetworkError(file + ": there is not enough memory to read it");
  } catch (const std::length_error&) {
    throw NetworkError(file + ": there is not enough memory to read it");
  }
}

}  // namespace geolip
