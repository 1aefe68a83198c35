/// \file
/// Where --certificate goes.
#pragma once

#include <geolip/io.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <cli/output_file.hpp>

namespace geolip::cli {

/// One file for each objective of a query and the network's canonical file, in a folder that is made if it is
/// missing.
class CertificateFolder {
 public:
  /// Throws FileError, before the work, if a file could not be written.
  CertificateFolder(const std::filesystem::path& folder, const Query& query);

  /// Writes the network, and the certificates of all bounds that are proved. Returns the others.
  std::vector<const Bound*> write(const NetworkFile& file, const Result& result) const;

  /// As OutputFile; `other` may be null.
  void require_apart(const std::vector<std::filesystem::path>& inputs, const OutputFile* other) const;

 private:
  std::filesystem::path folder_;
  std::vector<OutputFile> files_;  ///< one for each objective
};

/// The name of an objective's certificate: "l2-output-3.json", "linf-margin-3-5.json", "l2-vector.json".
std::string certificate_name(Norm norm, const Objective& objective);

}  // namespace geolip::cli
