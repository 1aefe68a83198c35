// MATLAB 5 files.
#include <formats/reader.hpp>
#include <fuzz/contract.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  geolip::fuzz::refuse_or_read<geolip::NetworkError>([&] {
    const geolip::formats::Parsed parsed = geolip::formats::read_mat({data, size}, {});
    geolip::fuzz::require_consistent(parsed.network);
    geolip::fuzz::require_facts(parsed.facts);
  });
  return 0;
}
