/// \file
/// Ctrl-C as a wish to stop.
#pragma once

#include <stop_token>
#include <thread>

namespace geolip::cli {

/// While one of these lives, the first SIGINT, SIGTERM or SIGHUP asks its token to stop and the second ends the
/// process at once with exit code 128 + signal (130 for Ctrl-C). A signal that was ignored before, as under
/// nohup, stays ignored. Only one may live at a time.
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
};

}  // namespace geolip::cli
