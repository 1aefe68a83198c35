/// \file
/// Ctrl-C that waits for its turn.
#pragma once

#include <array>
#include <csignal>

namespace geolip::cli {

/// While one of these lives, a signal that asks the process to end (Ctrl-C, SIGTERM, SIGHUP) is kept; it is
/// raised again, with the handlers that were there before, when this one ends. A signal that was ignored
/// stays ignored. Only one may live at a time, and for a short work: what must not be left half done.
class HoldSignals {
 public:
  HoldSignals();
  HoldSignals(const HoldSignals&) = delete;
  HoldSignals(HoldSignals&&) = delete;
  HoldSignals& operator=(const HoldSignals&) = delete;
  HoldSignals& operator=(HoldSignals&&) = delete;
  ~HoldSignals();

 private:
  static constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, signals.size()> previous_{};
};

/// Makes writing beyond the limit of a file's size (ulimit -f) an error like a full disk, which is reported and
/// leaves no temporary file, and no signal that ends the process without a word. For main().
inline void report_large_files() { static_cast<void>(std::signal(SIGXFSZ, SIG_IGN)); }

}  // namespace geolip::cli
