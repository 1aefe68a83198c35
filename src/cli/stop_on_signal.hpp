/// \file
/// Ctrl-C as a wish to stop.
#pragma once

#include <optional>
#include <stop_token>
#include <thread>

#include <cli/hold_signals.hpp>

namespace geolip::cli {

/// While one of these lives, the first of SignalHandlers' signals asks its token to stop and the second ends the
/// process at once with exit code 128 + signal (130 for Ctrl-C). Only one may live at a time.
class StopOnSignal {
 public:
  StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal(StopOnSignal&&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  StopOnSignal& operator=(StopOnSignal&&) = delete;
  ~StopOnSignal();

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::thread watcher_;
  std::optional<SignalHandlers> handlers_;
};

}  // namespace geolip::cli
