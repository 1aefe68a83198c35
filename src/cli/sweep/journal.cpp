#include <cli/sweep/journal.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include <cli/exit_code.hpp>
#include <cli/hold_signals.hpp>
#include <cli/output_file.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;

constexpr mode_t new_file_mode = 0666;  // less the umask

std::string message(int error) { return std::generic_category().message(error); }

}  // namespace

void Journal::fail(const std::string& why) const {
  if (fd_ >= 0) ::close(fd_);
  throw FileError(path_.string() + ": " + why);
}

Journal::Journal(fs::path path)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, new_file_mode)) {
  if (fd_ < 0) fail("cannot be written (" + message(errno) + ")");
  struct stat status {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) fail("results need an ordinary file");
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    fail(errno == EWOULDBLOCK ? "another sweep is writing to it (give each shard a file of its own)"
                              : "cannot be locked (" + message(errno) + ")");
  }
  ResultLines old;
  try {
    old = read_result_lines(path_);
  } catch (...) {
    ::close(fd_);
    throw;
  }
  if (old.unfinished > 0) {
    if (::fstat(fd_, &status) != 0 ||
        ::ftruncate(fd_, status.st_size - static_cast<off_t>(old.unfinished)) != 0) {
      fail("cannot be written (" + message(errno) + ")");
    }
    repaired_ = true;
  }
  for (nlohmann::ordered_json& line : old.lines) {
    const auto id = line["run"]["id"].get<std::string>();
    known_[id] = std::move(line);
  }
}

Journal::~Journal() { ::close(fd_); }

void Journal::append(const nlohmann::ordered_json& line) {
  const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
  const HoldSignals whole_lines;
  const off_t end = ::lseek(fd_, 0, SEEK_END);
  int error = write_all(fd_, text);
  if (error == 0 && ::fdatasync(fd_) != 0 && errno != EINVAL)
    error = errno;  // EINVAL: a file system that cannot
  if (error == 0) return;
  // A full disk: what it took of the line is taken back, as far as that goes.
  static_cast<void>(::ftruncate(fd_, end));
  throw FileError(path_.string() + ": cannot be written (" + message(error) + ")");
}

}  // namespace geolip::cli
