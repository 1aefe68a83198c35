/// \file
/// The whole command but for main().
#pragma once

#include <cli/console.hpp>

namespace geolip::cli {

/// Reads the command line, runs the command that it names and returns the exit code. Nothing is thrown:
/// errors are printed in one sentence.
int run(int argc, const char* const* argv, const Library& library, const Console& console);

}  // namespace geolip::cli
