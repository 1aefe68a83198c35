#include <cli/stop_on_signal.hpp>

#include <geolip/error.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <system_error>

namespace geolip::cli {
namespace {

// A signal handler may not lock, and std::stop_source does: the handler writes a byte into a pipe, and a
// thread that waits at the other end asks to stop. (Waiting for blocked signals instead would need every
// thread to block them, those that libraries start before main() included.)
constexpr char stop_byte = 's';
constexpr char quit_byte = 'q';

std::atomic<int> pipe_read{-1};
std::atomic<int> pipe_write{-1};
std::atomic<int> signals_seen{0};
static_assert(std::atomic<int>::is_always_lock_free);

void send(char byte) {
  // A full pipe would hold unread bytes enough to wake the watcher.
  [[maybe_unused]] const ssize_t written = write(pipe_write.load(), &byte, 1);
}

extern "C" void on_signal(int signal) {
  const int error = errno;
  if (signals_seen.fetch_add(1) > 0) _exit(128 + signal);
  send(stop_byte);
  errno = error;
}

/// Reads bytes until told to quit; each other one asks to stop.
void watch(std::stop_source& source) {
  while (true) {
    char byte = 0;
    const ssize_t n = read(pipe_read.load(), &byte, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n != 1 || byte == quit_byte) return;
    source.request_stop();
  }
}

}  // namespace

StopOnSignal::StopOnSignal() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  pipe_read = ends[0];
  pipe_write = ends[1];
  signals_seen = 0;
  try {
    watcher_ = std::thread(watch, std::ref(source_));
  } catch (const std::exception& error) {
    close(pipe_read.exchange(-1));
    close(pipe_write.exchange(-1));
    throw ResourceError(std::string("threads: the system starts none (") + error.what() + ")");
  }
  handlers_.emplace(on_signal);
}

StopOnSignal::~StopOnSignal() {
  handlers_.reset();
  send(quit_byte);
  watcher_.join();
  close(pipe_read.exchange(-1));
  close(pipe_write.exchange(-1));
}

}  // namespace geolip::cli
