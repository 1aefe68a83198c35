/// \file
/// What a command talks to: streams and the library.
#pragma once

#include <geolip/io.hpp>
#include <geolip/query.hpp>
#include <geolip/result.hpp>
#include <geolip/settings.hpp>

#include <filesystem>
#include <functional>
#include <iosfwd>

#include <checker/prove.hpp>

namespace geolip::cli {

/// Where a command prints.
struct Console {
  std::ostream& out;
  std::ostream& err;
  int progress_columns = 0;  ///< width of the terminal behind err; 0 if there is none
};

/// The checker's two ways to decide on a proof.
struct Provers {
  std::function<checker::Verdict(const checker::Network&, const checker::Proof&, int threads)> prove;
  std::function<checker::Verdict(const checker::Network&, const checker::Proof&)> prove_exactly;
};

/// The library's entries that a command calls; tests put others in their place.
struct Library {
  std::function<NetworkFile(const std::filesystem::path&, const ReadOptions&)> read_network;
  std::function<Result(const Network&, const Query&, const Settings&)> estimate;
  Provers provers{};
};

}  // namespace geolip::cli
