#include <cli/certificate_folder.hpp>

#include <geolip/error.hpp>

#include <system_error>

#include <cli/exit_code.hpp>
#include <formats/certificate.hpp>
#include <formats/reader.hpp>

namespace geolip::cli {

std::string certificate_name(Norm norm, const Objective& objective) {
  std::string name(to_string(norm));
  switch (objective.kind) {
    case Objective::Kind::output:
      return name + "-output-" + std::to_string(objective.k) + ".json";
    case Objective::Kind::margin:
      return name + "-margin-" + std::to_string(objective.k) + "-" + std::to_string(objective.j) + ".json";
    case Objective::Kind::row:
      return name + "-row.json";
    case Objective::Kind::vector:
      break;
  }
  return name + "-vector.json";
}

namespace {

/// Writes the network's canonical file into the folder and returns its hash. Its name is that of the file that
/// was read, whose name a canonical file may have made up; another network of that name stays.
std::string write_network(const std::filesystem::path& folder, const NetworkFile& file) {
  const std::string bytes = canonical_bytes(file);
  const std::string hash = formats::sha256(formats::bytes_of(bytes));
  std::string name = file.source.file;
  for (char& c : name) {
    if (c == '/' || c == '\0') c = '_';
  }
  std::filesystem::path path = folder / (name + ".npz");
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    std::string there;
    try {
      const std::vector<unsigned char> old = formats::read_bytes(path);
      there = formats::sha256(old);
    } catch (const NetworkError&) {
      there.clear();  // what cannot be read is not this network
    }
    if (there == hash) return hash;
    constexpr std::size_t digits = 8;
    path = folder / (name + "." + hash.substr(0, digits) + ".npz");
  }
  OutputFile(path).write(bytes);
  return hash;
}

}  // namespace

CertificateFolder::CertificateFolder(const std::filesystem::path& folder, const Query& query)
    : folder_(folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder)) {
    const std::string why = error ? error.message() : "it is no directory";
    throw FileError(folder.string() + ": certificates cannot be written there (" + why + ")");
  }
  for (const Objective& objective : query.objectives)
    files_.emplace_back(folder / certificate_name(query.norm, objective));
}

std::vector<const Bound*> CertificateFolder::write(const NetworkFile& file, const Result& result) const {
  std::vector<const Bound*> missing;
  std::string hash;  // of the canonical file, which stands there before a certificate names it
  for (std::size_t b = 0; b < result.bounds.size(); ++b) {
    const Bound& bound = result.bounds[b];
    if (bound.proved()) {
      if (hash.empty()) hash = write_network(folder_, file);
      files_[b].write(formats::certificate_text(file.source, hash, bound));
    } else {
      missing.push_back(&bound);
    }
  }
  return missing;
}

void CertificateFolder::require_apart(const std::vector<std::filesystem::path>& inputs,
                                      const OutputFile* other) const {
  for (const OutputFile& file : files_) {
    file.require_apart(inputs);
    if (other != nullptr) file.require_apart(*other);
  }
}

}  // namespace geolip::cli
