/// \file
/// The arguments by which every command names a network.
#pragma once

#include <geolip/io.hpp>

#include <filesystem>

namespace geolip::cli {

struct NetworkArguments {
  std::filesystem::path path;
  ReadOptions options;
};

}  // namespace geolip::cli
