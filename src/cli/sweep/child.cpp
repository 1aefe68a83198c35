#include <cli/sweep/child.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

#include <cli/hold_signals.hpp>

namespace geolip::cli {
namespace {

constexpr int cannot_start = 127;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds(const timeval& time) {
  constexpr double micro = 1e-6;
  return static_cast<double>(time.tv_sec) + micro * static_cast<double>(time.tv_usec);
}

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  return ends;
}

void close_both(const std::array<int, 2>& ends) {
  ::close(ends[0]);
  ::close(ends[1]);
}

/// In the new process, before the program starts: only calls that are safe between fork and exec.
[[noreturn]] void become(const char* program, char* const* argv, int out, int err, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(cannot_start);  // it died before that was said
  constexpr std::array<char, 3> likely_victim{'5', '0', '0'};
  if (const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0) {
    [[maybe_unused]] const ssize_t written = write(fd, likely_victim.data(), likely_victim.size());
    close(fd);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (const int signal : ending_signals) sigaction(signal, &standard, nullptr);
  if (const int null = open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(program, argv);
  _exit(cannot_start);
}

}  // namespace

Child::Child(const std::filesystem::path& program, const std::vector<std::string>& arguments)
    : start_(now()) {
  std::vector<std::string> words{"geolip"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const std::array<int, 2> out = make_pipe();
  std::array<int, 2> err{};
  try {
    err = make_pipe();
  } catch (...) {
    close_both(out);
    throw;
  }
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(program.c_str(), argv.data(), out[1], err[1], parent);
  if (pid_ < 0) {
    const int error = errno;
    close_both(out);
    close_both(err);
    errno = error;
    fail("fork");
  }
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
  for (const int fd : {out_, err_}) fcntl(fd, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

void Child::drain(int& fd, std::string& to) {
  std::array<char, 65536> buffer{};
  while (fd >= 0) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0) {
      to.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return;
    } else {
      ::close(fd);
      fd = -1;
    }
  }
}

void Child::read() {
  drain(out_, outcome_.out);
  drain(err_, outcome_.err);
}

ProcessEnd Child::finish() {
  int status = 0;
  struct rusage usage {};
  while (wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) continue;
  pid_ = 0;
  constexpr long kibibyte = 1024;
  outcome_.seconds = now() - start_;
  outcome_.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  outcome_.peak_memory = usage.ru_maxrss * kibibyte;
  outcome_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return std::move(outcome_);
}

}  // namespace geolip::cli
