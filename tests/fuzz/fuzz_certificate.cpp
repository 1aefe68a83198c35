// Certificates for tests/data/tiny.nnet. What the checker takes for proved is proved in exact arithmetic too.
#include "checker/files/check_file.hpp"
#include "checker/prove.hpp"
#include "fuzz/checker.hpp"
#include "fuzz/contract.hpp"

namespace {

using geolip::checker::NetworkSource;

/// Refused in one sentence, or verified.
bool verified(std::span<const std::uint8_t> certificate, const geolip::checker::Prover& prover) {
  static const std::vector<unsigned char> bytes =
      geolip::checker::read_file(std::string(GEOLIP_TEST_DATA) + "/tiny.nnet");
  static NetworkSource source(bytes, ".nnet", geolip::fuzz::no_external);
  const geolip::checker::Verification found = geolip::checker::check(certificate, source, prover);
  if (found.verified) {
    geolip::fuzz::require(found.certificate.has_value(), "a verified certificate that was not read");
  } else {
    geolip::fuzz::require_sentence(found.reason);
  }
  return found.verified;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using geolip::checker::Network;
  using geolip::checker::Proof;
  const bool fast = verified({data, size}, [](const Network& network, const Proof& proof) {
    return geolip::checker::prove(network, proof);
  });
  if (!fast) return 0;
  geolip::fuzz::require(verified({data, size}, geolip::checker::prove_exactly),
                        "a certificate that exact arithmetic rejects passed the checker");
  return 0;
}
