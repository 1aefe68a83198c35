#include <cli/child_process.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace geolip::cli::testing {
namespace {

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return ends;
}

/// The process' set of handled signals, from /proc.
unsigned long long handled_signals(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  const std::string key = "SigCgt:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size()), nullptr, 16);
  }
  return 0;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  const std::array<int, 2> out = make_pipe();
  const std::array<int, 2> err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int error = posix_spawn(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
  if (error != 0) throw std::runtime_error(arguments.front() + " cannot be started");
}

ChildProcess::~ChildProcess() {
  if (running_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

void ChildProcess::send(int signal) const { kill(pid_, signal); }

bool ChildProcess::catches(int signal) const {
  using namespace std::chrono_literals;
  for (int i = 0; i < 12000; ++i) {
    if ((handled_signals(pid_) >> (signal - 1) & 1U) != 0) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

std::string ChildProcess::error_line() const {
  std::string line;
  char c = 0;
  while (read(err_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::pair<int, std::string> ChildProcess::end() {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = read(out_, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  struct rusage usage {};
  wait4(pid_, &status, 0, &usage);
  peak_memory_ = usage.ru_maxrss;
  running_ = false;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

}  // namespace geolip::cli::testing
