/// \file
/// A run of a sweep as a process of its own: what crashes it, or eats the memory, ends that run alone.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace geolip::cli {

/// How a process ended.
struct ProcessEnd {
  int exit_code = 0;         ///< -1 if a signal ended it
  int signal = 0;            ///< that signal, or 0
  std::string out;           ///< what it printed
  std::string err;           ///< what it printed as errors
  double seconds = 0.0;      ///< wall-clock, from start to end
  double cpu_seconds = 0.0;  ///< of all its threads, user and system
  long peak_memory = 0;      ///< the most memory that it had resident, in bytes
};

/// A running process whose both outputs are collected. It dies with this process, however that dies; Ctrl-C
/// in the terminal does not reach it; and where memory runs out the system ends it rather than this process.
class Child {
 public:
  /// Starts a program with the arguments behind its name. Throws std::system_error. (A program that cannot be
  /// started ends with code 127.)
  Child(const std::filesystem::path& program, const std::vector<std::string>& arguments);
  Child(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(const Child&) = delete;
  Child& operator=(Child&&) = delete;
  /// A process that still runs is killed.
  ~Child();

  /// What there is to wait for (poll): the outputs that are still open, -1 for one that is not.
  int out() const { return out_; }
  int err() const { return err_; }
  /// Takes what is there to be read without waiting.
  void read();
  /// True once both outputs are closed.
  bool ended() const { return out_ < 0 && err_ < 0; }
  /// Waits for the process, whose outputs are closed.
  ProcessEnd finish();

 private:
  static void drain(int& fd, std::string& to);

  pid_t pid_ = 0;
  int out_ = -1;
  int err_ = -1;
  double start_ = 0.0;
  ProcessEnd outcome_;
};

}  // namespace geolip::cli
