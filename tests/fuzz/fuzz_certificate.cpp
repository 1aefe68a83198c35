// Certificates for tests/data/tiny.nnet. What the checker takes for proved is proved in exact arithmetic too.
#include <geolip/io.hpp>

#include <checker/certificate.hpp>
#include <checker/exact/prove_exactly.hpp>
#include <fuzz/contract.hpp>

namespace {

namespace checker = geolip::checker;

checker::CanonicalNetwork tiny_network() {
  const std::string bytes = canonical_bytes(geolip::read_network(GEOLIP_TEST_DATA "/tiny.nnet"));
  return checker::read_canonical({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

/// Refused in one sentence, or verified.
bool verified(checker::Bytes certificate, const checker::Prover& prover) {
  static const checker::CanonicalNetwork network = tiny_network();
  const checker::Verification found = checker::check(
      certificate, [](const checker::Certificate&) -> const auto& { return network; }, prover);
  if (found.verified) {
    geolip::fuzz::require(found.certificate.has_value(), "a verified certificate that was not read");
  } else {
    geolip::fuzz::require_sentence(found.reason);
  }
  geolip::fuzz::require_sentence(checker::line_of("certificate.json", found));
  return found.verified;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto prove = [](const checker::Network& network, const checker::Proof& proof) {
    return checker::prove(network, proof);
  };
  if (!verified({data, size}, prove)) return 0;
  geolip::fuzz::require(verified({data, size}, checker::prove_exactly),
                        "a certificate that exact arithmetic rejects passed the checker");
  return 0;
}
