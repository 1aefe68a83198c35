#include <support/paths.hpp>

namespace geolip::test {

std::string source_dir() { return GEOLIP_SOURCE_DIR; }

std::string test_data() { return source_dir() + "/tests/data"; }

}  // namespace geolip::test
