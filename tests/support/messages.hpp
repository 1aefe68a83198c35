/// \file
/// The sentence that a refusal says.
#pragma once

#include <string>

namespace geolip::test {

/// The message of the exception E that `call` throws; "nothing was thrown" otherwise.
template <class E, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace geolip::test
