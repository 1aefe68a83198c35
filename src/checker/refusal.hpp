/// \file
/// How the parts of the checker say that a proof does not stand.
#pragma once

#include <stdexcept>
#include <string>

namespace geolip::checker {

/// A proof cannot be accepted; what() is the sentence that Verdict::reason gives. Never leaves prove().
class Refusal : public std::runtime_error {
 public:
  explicit Refusal(const std::string& sentence, double slack_ = 0.0)
      : std::runtime_error(sentence), slack(slack_) {}

  double slack;  ///< Verdict::slack
};

}  // namespace geolip::checker
