/// \file
/// geolip verify: whether certificates prove their bounds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cli/console.hpp>

namespace geolip::cli {

struct VerifyArguments {
  std::vector<std::string> files;   ///< the certificates, then the network
  bool exact = false;               ///< rational arithmetic in place of floating point
  int threads = 0;                  ///< 0: all cores
  std::optional<std::string> json;  ///< a file, or "-" for the standard output
  bool quiet = false;               ///< print rejections alone
};

/// Checks every certificate and returns the exit code. Errors are thrown.
int verify_certificates(const VerifyArguments& arguments, const Library& library, const Console& console);

}  // namespace geolip::cli
