#include <cli/hold_signals.hpp>

#include <atomic>

namespace geolip::cli {
namespace {

// The last signal that came, 0 if none did. (Blocking signals would not do: other threads would take them.)
std::atomic<int> held{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void hold(int signal) { held = signal; }

}  // namespace

SignalHandlers::SignalHandlers(void (*handler)(int signal)) {
  for (std::size_t i = 0; i < previous_.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(ending_signals[i], nullptr, &previous_[i]);
    if (previous_[i].sa_handler != SIG_IGN) sigaction(ending_signals[i], &action, nullptr);
  }
}

SignalHandlers::~SignalHandlers() {
  for (std::size_t i = 0; i < previous_.size(); ++i) sigaction(ending_signals[i], &previous_[i], nullptr);
}

HoldSignals::HoldSignals() {
  held = 0;
  handlers_.emplace(hold);
}

HoldSignals::~HoldSignals() {
  handlers_.reset();
  if (const int signal = held; signal != 0) static_cast<void>(std::raise(signal));
}

}  // namespace geolip::cli
