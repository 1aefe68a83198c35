// .nnet files, in their own units and in physical ones.
#include <formats/reader.hpp>
#include <fuzz/contract.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool physical : {false, true}) {
    geolip::fuzz::refuse_or_read<geolip::NetworkError>([&] {
      geolip::ReadOptions options;
      options.physical_units = physical;
      const geolip::formats::Parsed parsed = geolip::formats::read_nnet({data, size}, options);
      geolip::fuzz::require_consistent(parsed.network);
      geolip::fuzz::require_facts(parsed.facts);
    });
  }
  return 0;
}
