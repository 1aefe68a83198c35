/// \file
/// Where the files of the tests lie.
#pragma once

#include <string>

namespace geolip::test {

/// The folder of the project's sources.
std::string source_dir();
/// Its folder tests/data.
std::string test_data();

}  // namespace geolip::test
