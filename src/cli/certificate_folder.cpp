#include "cli/certificate_folder.hpp"

#include <system_error>

#include "cli/exit_code.hpp"

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

CertificateFolder::CertificateFolder(const std::filesystem::path& folder, const Query& query) {
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
  for (std::size_t b = 0; b < result.bounds.size(); ++b) {
    const Bound& bound = result.bounds[b];
    if (bound.proved()) {
      files_[b].write(certificate_text(file, bound));
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
