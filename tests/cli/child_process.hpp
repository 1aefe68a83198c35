/// \file
/// A command that runs beside the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace geolip::cli::testing {

class ChildProcess {
 public:
  /// Starts a program, the first argument, with both its outputs piped here and SIGINT not ignored.
  explicit ChildProcess(std::vector<std::string> arguments);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess(ChildProcess&&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ChildProcess& operator=(ChildProcess&&) = delete;
  /// A process that still runs is killed.
  ~ChildProcess();

  void send(int signal) const;
  /// Waits until the process has a handler for the signal; false if that takes longer than a minute.
  bool catches(int signal) const;
  /// The next line that it prints as an error.
  std::string error_line() const;
  /// Waits for the end: the exit code (-1 if a signal ended it) and the rest of its output.
  std::pair<int, std::string> end();
  /// After the end: the most memory that the process had, in KiB.
  long peak_memory() const { return peak_memory_; }

 private:
  pid_t pid_ = 0;
  bool running_ = true;
  int out_ = -1;
  int err_ = -1;
  long peak_memory_ = 0;
};

}  // namespace geolip::cli::testing
