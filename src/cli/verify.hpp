/// \file
/// geolip verify: whether certificates prove their bounds. Shared by the command and the program
/// geolip-verify, so that nothing here may need the solver.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.hpp"

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
int verify_certificates(const VerifyArguments& arguments, const Provers& provers, const Console& console,
                        const std::string& too_few);

/// The whole program geolip-verify but for main(): reads the command line, which has the arguments and
/// options of `geolip verify`, and returns the exit code. Nothing is thrown.
int run_verify(int argc, const char* const* argv, const Provers& provers, const Console& console);

}  // namespace geolip::cli
