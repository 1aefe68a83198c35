#include "fuzz/checker.hpp"

#include "fuzz/contract.hpp"
#include "verify/files/support.hpp"

namespace geolip::fuzz {
namespace {

// Networks with more multiplications than this are read, but not compared.
constexpr Index most_to_compare = 1 << 20;

Index work_of(const verify::Network& network) {
  Index work = 0;
  for (const verify::Layer& layer : network.layers) {
    if (const auto* dense = std::get_if<verify::Dense>(&layer.op)) work += dense->rows * dense->cols;
    if (const auto* sparse = std::get_if<verify::Sparse>(&layer.op))
      work += static_cast<Index>(sparse->value.size());
  }
  return work;
}

}  // namespace

void require_checker_agrees(verify::Bytes bytes, const std::string& extension, const verify::Reading& reading,
                            const verify::ExternalData& external, const std::optional<Network>& product) {
  try {
    const verify::Network own = verify::read_network(bytes, extension, reading, external);
    if (!product || work_of(own) > most_to_compare) return;
    ::testing::GTEST_FLAG(throw_on_failure) = true;
    verify::testing::expect_same(own, *product, "the fuzzer's file");
  } catch (const ::testing::internal::GoogleTestFailureException& failure) {
    fail(failure.what());
  } catch (const verify::ReadError& error) {
    require_sentence(error.what());
  }
}

std::vector<unsigned char> no_external(const std::string& location) {
  throw verify::ReadError("there is no file " + verify::in_quotes(location));
}

}  // namespace geolip::fuzz
