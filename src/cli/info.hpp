/// \file
/// geolip info: what is in a network.
#pragma once

#include <optional>
#include <string>

#include <cli/console.hpp>
#include <cli/network_arguments.hpp>

namespace geolip::cli {

struct InfoArguments {
  NetworkArguments network;
  std::optional<std::string> json;  ///< a file, or "-" for the standard output
};

/// Runs the command and returns its exit code. Errors are thrown.
int info(const InfoArguments& arguments, const Library& library, const Console& console);

}  // namespace geolip::cli
