#include "fuzz/checker.hpp"

#include "checker/files/support.hpp"
#include "fuzz/contract.hpp"

namespace geolip::fuzz {
namespace {

// Networks with more multiplications than this are read, but not compared.
constexpr Index most_to_compare = 1 << 20;

Index work_of(const checker::Network& network) {
  Index work = 0;
  for (const checker::Layer& layer : network.layers) {
    if (const auto* dense = std::get_if<checker::Dense>(&layer.op)) work += dense->rows * dense->cols;
    if (const auto* sparse = std::get_if<checker::Sparse>(&layer.op))
      work += static_cast<Index>(sparse->value.size());
  }
  return work;
}

}  // namespace

void require_checker_agrees(checker::Bytes bytes, const std::string& extension,
                            const checker::Reading& reading, const checker::ExternalData& external,
                            const std::optional<Network>& product) {
  try {
    const checker::Network own = checker::read_network(bytes, extension, reading, external);
    if (!product || work_of(own) > most_to_compare) return;
    ::testing::GTEST_FLAG(throw_on_failure) = true;
    checker::testing::expect_same(own, *product, "the fuzzer's file");
  } catch (const ::testing::internal::GoogleTestFailureException& failure) {
    fail(failure.what());
  } catch (const checker::ReadError& error) {
    require_sentence(error.what());
  }
}

std::vector<unsigned char> no_external(const std::string& location) {
  throw checker::ReadError("there is no file " + checker::in_quotes(location));
}

}  // namespace geolip::fuzz
