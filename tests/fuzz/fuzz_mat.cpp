// MATLAB 5 files.
#include "formats/reader.hpp"
#include "fuzz/checker.hpp"
#include "fuzz/contract.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<geolip::Network> product;
  geolip::fuzz::refuse_or_read<geolip::NetworkError>([&] {
    geolip::formats::Parsed parsed = geolip::formats::read_mat({data, size}, {});
    geolip::fuzz::require_consistent(parsed.network);
    geolip::fuzz::require_facts(parsed.facts);
    product = std::move(parsed.network);
  });
  geolip::fuzz::require_checker_agrees({data, size}, ".mat", {}, geolip::fuzz::no_external, product);
  return 0;
}
