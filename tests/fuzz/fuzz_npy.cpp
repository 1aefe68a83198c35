// Inputs from .npy files.
#include <cli/exit_code.hpp>
#include <cli/npy_inputs.hpp>
#include <fuzz/contract.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace {

/// A file in memory that has a path.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : fd_(memfd_create("inputs.npy", MFD_CLOEXEC)) {
    geolip::fuzz::require(fd_ >= 0 && write(fd_, data, size) == static_cast<ssize_t>(size),
                          "no file can be made in memory");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile(MemoryFile&&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile() { close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  geolip::fuzz::refuse_or_read<geolip::cli::FileError>([&] {
    const geolip::Matrix m = geolip::cli::read_npy_inputs(file.path());
    geolip::fuzz::require(
        m.rows > 0 && m.cols > 0 && static_cast<std::size_t>(m.rows * m.cols) == m.data.size(),
        "the inputs have the wrong size");
    geolip::fuzz::require(
        std::all_of(m.data.begin(), m.data.end(), [](double v) { return std::isfinite(v); }),
        "an input is not finite");
  });
  return 0;
}
