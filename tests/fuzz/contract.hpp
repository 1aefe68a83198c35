/// \file
/// What every fuzz target asserts. A broken assertion ends the process, so that the fuzzer keeps the input.
#pragma once

#include <geolip/error.hpp>
#include <geolip/network.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace geolip::fuzz {

/// Says what went wrong and aborts.
[[noreturn]] void fail(const std::string& what);
/// Fails unless `holds`.
void require(bool holds, const char* what);

/// Fails unless the text is printable ASCII on one line.
void require_printable(std::string_view text);
/// Fails unless, besides, it is not empty and no longer than a person would read.
void require_sentence(std::string_view text);

/// Fails unless all layers fit each other and all their numbers are finite; evaluates the network if that is
/// quick.
void require_consistent(const Network& network);
/// Fails if a fact is not fit for a line of `geolip info`.
void require_facts(const std::vector<std::pair<std::string, std::string>>& facts);

/// Runs `read`, which may throw the errors named here and no other: those escape, and the fuzzer reports
/// them.
template <class... Errors, class Read>
void refuse_or_read(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    if (!(... || (dynamic_cast<const Errors*>(&error) != nullptr))) throw;
    require_sentence(error.what());
  }
}

}  // namespace geolip::fuzz

/// libFuzzer's entry; each target defines it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
