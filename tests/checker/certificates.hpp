/// \file
/// A network of two neurons and certificates for it, made by hand.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include <checker/certificate.hpp>

namespace geolip::checker::testing {

inline Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

/// The sentence that reading ends in, or "(it was read)".
template <typename Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const ReadError& error) {
    return error.what();
  }
  return "(it was read)";
}

using Entries = std::vector<std::pair<std::string, std::string>>;

/// A zip archive of stored entries, by the rules of docs/network-file.md.
std::string packed(const Entries& entries);
/// An array as NumPy writes it; `shape` as "2, 3" or "3,".
template <class T>
std::string array(const std::string& shape, const std::vector<T>& numbers);

/// f(x) = relu(x0 + 2 x1) - relu(3 x0 - x1) with some biases, and the canonical file of that.
Entries tiny_entries();
std::string tiny_file();
const CanonicalNetwork& tiny_network();

/// A certificate of the bound 10 in l_inf, 8.25 in l_2 or, with one proof a coordinate, in l_1. With lambda =
/// 1 and zeta = 4, K = I - F'F / 16 has K^-1 <= 8/7, so that X' K^-1 X <= (2/7) W'W < Diag(4, 2) = gamma; and
/// 2 sqrt(zeta * sum gamma) < 10.
nlohmann::json tiny_certificate(InputNorm norm);

/// The FGL of the certificate's claim about the network, by enumeration. The certificate must be one that can
/// be read.
double true_constant(const Certificate& certificate);

/// The verdict of the real proof, in floating point or exact.
Verification verdict(const std::string& certificate, bool exact = false);
inline Verification verdict(const nlohmann::json& certificate, bool exact = false) {
  return verdict(certificate.dump(), exact);
}

}  // namespace geolip::checker::testing
