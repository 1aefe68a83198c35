/// \file
/// The checker's question in exact rational arithmetic; no part of the program geolip-verify.
#pragma once

#include <checker/prove.hpp>

namespace geolip::checker {

/// As prove(), without rounding, hence no doubt in either direction. Time grows with the cube of all neurons and
/// inputs and numbers get long: for networks of up to about a hundred. Scales are the numbers that were written.
Verdict prove_exactly(const Network& network, const Proof& proof);

}  // namespace geolip::checker
