/// \file
/// What a sweep is to run: networks x norms x outputs x settings.
///
/// A manifest is one TOML or JSON file:
///
///     networks = ["mnist/*.onnx", "acas.nnet"]   # relative to the manifest's folder; *, ? and [...] match
///     norms = ["linf", "l2"]                     # default l2
///     outputs = ["all", "vector"]                # as --outputs; default all
///
///     [settings]                                 # options of geolip estimate, '_' for '-'
///     gap = [1e-3, 1e-4]                         # a list multiplies the runs
///     time_limit = 60
///
///     [[sweep]]                                  # any number; each inherits what stands above
///     norms = "l1"
///
/// Where there are `sweep` blocks, the keys above them are their defaults and no block of their own.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace geolip::cli {

/// One call of geolip estimate.
struct SweepRun {
  /// 16 hex digits that tell what is asked: of the network's name, the norm, the outputs and the settings.
  std::string id;
  std::string network;         ///< as the manifest leads to it, relative to the manifest's folder
  std::filesystem::path path;  ///< where it lies
  std::string norm;
  std::string outputs;
  nlohmann::ordered_json settings;     ///< those that the manifest gives, in its order: name and value
  std::vector<std::string> arguments;  ///< the network and options of geolip estimate
};

/// All runs of a manifest, in its order, none twice. `folder` is what its paths are relative to, `name` what
/// errors call it. Throws FileError, in one sentence with the key at fault: text that is no TOML (name ends
/// in .toml) or JSON (.json), an unknown key, a value that geolip estimate would not take, a pattern that no
/// file matches, more than a million runs.
std::vector<SweepRun> parse_manifest(std::string_view text, const std::string& name,
                                     const std::filesystem::path& folder);

/// The same from a file. Throws FileError too if it cannot be read.
std::vector<SweepRun> read_manifest(const std::filesystem::path& path);

}  // namespace geolip::cli
