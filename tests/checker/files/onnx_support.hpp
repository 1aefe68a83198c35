/// \file
/// Models made in memory, read by the checker and by the product.
#pragma once

#include <string>
#include <vector>

#include "checker/files/support.hpp"
#include "formats/onnx_builder.hpp"
#include "formats/reader.hpp"

namespace geolip::checker::testing {

inline Network read(const test::Model& model, bool logits = false) {
  const std::string bytes = model.bytes();
  Reading reading;
  reading.logits = logits;
  return read_onnx(bytes_of(bytes), reading, no_external);
}

inline void expect_agreement(const test::Model& model, const std::string& what, bool logits = false) {
  const std::string bytes = model.bytes();
  ReadOptions options;
  options.logits = logits;
  const geolip::Network product = formats::read_onnx(bytes_of(bytes), ".", options).network;
  EXPECT_EQ(refusal([&] { expect_same(read(model, logits), product, what); }), "(it was read)") << what;
}

inline std::string refused(const test::Model& model) {
  return refusal([&] { read(model); });
}

inline std::vector<float> numbers(std::size_t n) {
  std::vector<float> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(0.25F * static_cast<float>(i % 7) - 0.7F);
  return values;
}

}  // namespace geolip::checker::testing
