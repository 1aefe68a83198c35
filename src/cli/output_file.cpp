#include <cli/output_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <cli/exit_code.hpp>
#include <cli/hold_signals.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;

// Names to try for a temporary file, should others with the same process number lie about.
constexpr int temporary_names = 100;
constexpr mode_t new_file_mode = 0666;  // less the umask
constexpr mode_t permission_bits = 07777;

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw FileError(path.string() + ": cannot be written (" + why + ")");
}

[[noreturn]] void fail_errno(const fs::path& path, int error) {
  fail(path, std::generic_category().message(error));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// An open file that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  /// Closes now; false if the system reports that something was not written.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

/// A new file beside `target`, removed at the end unless it was moved into place. No signal that asks the
/// process to end does so while it lies there.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target), file_(open_new(target, path_)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile(TemporaryFile&&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  int descriptor() const { return file_.get(); }

  void move_into_place() {
    if (!file_.close()) fail_errno(target_, errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail_errno(target_, errno);
    path_.clear();
  }

 private:
  static int open_new(const fs::path& target, fs::path& path) {
    for (int i = 0; i < temporary_names; ++i) {
      path = folder_of(target) / (".geolip-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".tmp");
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, new_file_mode);
      if (fd >= 0) return fd;
      if (errno != EEXIST) break;
    }
    const int error = errno;
    path.clear();
    fail_errno(target, error);
  }

  HoldSignals hold_;  // stands before all else: released when the file is gone
  fs::path target_;
  fs::path path_;  // open_new() fills it: it stands before file_
  Descriptor file_;
};

/// Brings a rename to the disk; file systems that cannot do that for a folder are left alone.
void sync_folder(const fs::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

OutputFile::OutputFile(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;
  std::error_code error;
  // A link stays one: the file that it names is replaced.
  if (fs::is_symlink(path_, ignored)) {
    if (const fs::path target = fs::canonical(path_, ignored); !ignored) path_ = target;
  }
  const fs::file_status status = fs::status(path_, error);
  if (!fs::status_known(status)) fail(path_, error.message());
  if (fs::is_directory(status)) fail(path_, "it is a directory");
  if (fs::exists(status)) {
    if (::access(path_.c_str(), W_OK) != 0) fail_errno(path_, errno);
    replace_ = fs::is_regular_file(status);
  }
  if (replace_) {
    if (!path_.has_filename()) fail(path_, "it names no file");
    const TemporaryFile probe(path_);  // can a file be made there?
  }
}

void OutputFile::write(std::string_view text) const {
  if (!replace_) {
    const Descriptor file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0) fail_errno(path_, errno);
    if (const int error = write_all(file.get(), text); error != 0) fail_errno(path_, error);
    return;
  }
  TemporaryFile file(path_);
  struct stat before {};
  if (::stat(path_.c_str(), &before) == 0 &&
      ::fchmod(file.descriptor(), before.st_mode & permission_bits) != 0) {
    fail_errno(path_, errno);
  }
  if (const int error = write_all(file.descriptor(), text); error != 0) fail_errno(path_, error);
  if (::fsync(file.descriptor()) != 0) fail_errno(path_, errno);
  file.move_into_place();
  sync_folder(folder_of(path_));
}

void OutputFile::require_apart(const std::vector<fs::path>& inputs) const {
  for (const fs::path& input : inputs) {
    std::error_code missing;
    if (fs::equivalent(path_, input, missing)) fail(path_, "it is the input " + input.string());
  }
}

void OutputFile::require_apart(const OutputFile& other) const {
  std::error_code ignored;
  const auto where = [&](const fs::path& path) { return fs::weakly_canonical(path, ignored); };
  if (replace_ && (fs::equivalent(path_, other.path_, ignored) || where(path_) == where(other.path_))) {
    fail(path_, "it is to hold something else as well");
  }
}

}  // namespace geolip::cli
