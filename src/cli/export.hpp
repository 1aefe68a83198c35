/// \file
/// geolip export: a network as a canonical file.
#pragma once

#include <filesystem>

#include <cli/console.hpp>
#include <cli/network_arguments.hpp>

namespace geolip::cli {

struct ExportArguments {
  NetworkArguments network;
  std::filesystem::path target;
};

/// Runs the command and returns its exit code. Errors are thrown.
int export_network(const ExportArguments& arguments, const Library& library, const Console& console);

}  // namespace geolip::cli
