/// \file
/// A network of two neurons and certificates for it, made by hand.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "checker/files/check_file.hpp"

namespace geolip::checker::testing {

/// f(x) = relu(x0 + 2 x1) - relu(3 x0 - x1), in the .nnet format.
std::string tiny_network();

NetworkSource tiny_source();

/// A certificate of the bound 10 in l_inf, 8.25 in l_2 or, with one proof a coordinate, in l_1. With lambda =
/// 1 and zeta = 4, K = I - F'F / 16 has K^-1 <= 8/7, so that X' K^-1 X <= (2/7) W'W < Diag(4, 2) = gamma; and
/// 2 sqrt(zeta * sum gamma) < 10.
nlohmann::json tiny_certificate(Norm norm);

/// The FGL of the certificate's claim about the network, by enumeration. The certificate must be one that can
/// be read.
double true_constant(const Certificate& certificate);

/// The verdict of the real proof, in floating point or exact.
Verification verdict(const std::string& certificate, bool exact = false);
inline Verification verdict(const nlohmann::json& certificate, bool exact = false) {
  return verdict(certificate.dump(), exact);
}

}  // namespace geolip::checker::testing
