#include <formats/onnx/tensor_proto.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace geolip::formats::onnx_graph {
namespace {

std::size_t parse_size(const std::string& text, const char* what) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("its external data have the ", what, " '", printable(text), "'");
  return value;
}

/// Whether a path stays below the directory that it is relative to, as it is written.
bool stays_inside(const std::filesystem::path& path) {
  return !path.empty() && path.is_relative() && std::find(path.begin(), path.end(), "..") == path.end();
}

}  // namespace

const std::vector<unsigned char>& ExternalData::file(const std::string& location) {
  const std::string name = printable(location);
  const std::filesystem::path relative(location);
  if (location.find('\0') != std::string::npos || !stays_inside(relative))
    fail("its external data file '", name, "' is not below the model's directory");
  const std::filesystem::path base = directory_.empty() ? std::filesystem::path(".") : directory_;
  // A link could lead out of the directory though the path does not.
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(base / relative, error);
  if (error) fail("its external data file '", name, "' cannot be used: ", error.message());
  const auto inside = std::filesystem::relative(real, base, error);
  if (error || !stays_inside(inside))
    fail("its external data file '", name, "' is not below the model's directory");
  if (const auto known = files_.find(real); known != files_.end()) return known->second.bytes;
  try {
    std::vector<unsigned char> bytes = read_bytes(real);
    budget_.extend(bytes.size());
    return files_.emplace(real, File{location, std::move(bytes)}).first->second.bytes;
  } catch (const NetworkError& reason) {
    fail("its external data file '", name, "' cannot be used: ", reason.what());
  }
}

Bytes ExternalData::bytes_of(const onnx::TensorProto& tensor, Index needed) {
  std::string location;
  std::size_t offset = 0;
  auto length = static_cast<std::size_t>(needed);
  std::set<std::string_view> seen;
  for (const auto& entry : tensor.external_data()) {
    if (!seen.insert(entry.key()).second) fail("its external data have '", printable(entry.key()), "' twice");
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset") {
      offset = parse_size(entry.value(), "offset");
    } else if (entry.key() == "length") {
      length = parse_size(entry.value(), "length");
    }
  }
  const std::vector<unsigned char>& bytes = file(location);
  if (length != static_cast<std::size_t>(needed))
    fail("its shape needs ", needed, " bytes but its external data have ", length);
  if (offset > bytes.size() || length > bytes.size() - offset)
    fail("its external data end beyond the ", bytes.size(), " bytes of '", printable(location), "'");
  return Bytes(bytes).subspan(offset, length);
}

Facts ExternalData::facts() const {
  Facts facts;
  for (const auto& [path, file] : files_) {
    // a report keeps one value for each name
    const std::string number = facts.empty() ? "" : " " + std::to_string(facts.size() + 1);
    facts.emplace_back("external data" + number, printable(file.location) + " (" +
                                                     std::to_string(file.bytes.size()) + " bytes, sha256 " +
                                                     sha256(file.bytes) + ")");
  }
  return facts;
}

std::vector<ExternalFile> ExternalData::read_files() const {
  std::vector<ExternalFile> files;
  for (const auto& [path, file] : files_) files.push_back({file.location, sha256(file.bytes)});
  return files;
}

}  // namespace geolip::formats::onnx_graph
