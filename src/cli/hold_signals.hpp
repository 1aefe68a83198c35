/// \file
/// Ctrl-C that waits for its turn.
#pragma once

#include <array>
#include <csignal>
#include <optional>

namespace geolip::cli {

/// The signals that ask a process to end.
constexpr std::array<int, 3> ending_signals{SIGINT, SIGTERM, SIGHUP};

/// Another handler for them while this lives. A signal that was ignored before, as under nohup, stays ignored.
class SignalHandlers {
 public:
  explicit SignalHandlers(void (*handler)(int signal));
  SignalHandlers(const SignalHandlers&) = delete;
  SignalHandlers(SignalHandlers&&) = delete;
  SignalHandlers& operator=(const SignalHandlers&) = delete;
  SignalHandlers& operator=(SignalHandlers&&) = delete;
  ~SignalHandlers();

 private:
  std::array<struct sigaction, ending_signals.size()> previous_{};
};

/// While one of these lives, such a signal is kept; it is raised again, with the handlers that were there before,
/// when this one ends. Only one may live at a time, and for a short work: what must not be left half done.
class HoldSignals {
 public:
  HoldSignals();
  HoldSignals(const HoldSignals&) = delete;
  HoldSignals(HoldSignals&&) = delete;
  HoldSignals& operator=(const HoldSignals&) = delete;
  HoldSignals& operator=(HoldSignals&&) = delete;
  ~HoldSignals();

 private:
  std::optional<SignalHandlers> handlers_;
};

/// Makes writing beyond the limit of a file's size (ulimit -f) an error like a full disk, which is reported and
/// leaves no temporary file, and no signal that ends the process without a word. For main().
inline void report_large_files() { static_cast<void>(std::signal(SIGXFSZ, SIG_IGN)); }

}  // namespace geolip::cli
