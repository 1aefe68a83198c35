#include <geolip/estimate.hpp>
#include <geolip/io.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include <checker/exact/prove_exactly.hpp>
#include <cli/hold_signals.hpp>
#include <cli/run.hpp>

namespace {

/// Width of the terminal behind the standard error; 0 if there is none.
int terminal_columns() {
  constexpr int usual = 80;
  if (isatty(STDERR_FILENO) == 0) return 0;
  struct winsize size {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

}  // namespace

int main(int argc, char** argv) {
  // The solver shares out the work of OpenBLAS itself; threads of its own would only take address space.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  geolip::cli::report_large_files();
  const geolip::cli::Library library{
      geolip::read_network, geolip::estimate, {geolip::checker::prove, geolip::checker::prove_exactly}};
  return geolip::cli::run(argc, argv, library, {std::cout, std::cerr, terminal_columns()});
}
