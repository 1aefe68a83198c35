/// \file
/// geolip verify: whether certificates prove their bounds.
#pragma once

#include <CLI/CLI.hpp>

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

/// Adds the arguments to a command and its description to the help; parsing fills them.
void add_verify_arguments(CLI::App& command, VerifyArguments& arguments);

/// Checks every certificate and returns the exit code. Errors are thrown; if there are too few files, a
/// UsageError that says `too_few`.
int verify_certificates(const VerifyArguments& arguments, const Library& library, const Console& console,
                        const std::string& too_few);

}  // namespace geolip::cli
