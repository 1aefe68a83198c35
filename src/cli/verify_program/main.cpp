// geolip-verify: the checker as a program of its own, without the solver and its libraries.
#include <iostream>

#include "cli/hold_signals.hpp"
#include "cli/verify.hpp"

int main(int argc, char** argv) {
  geolip::cli::report_large_files();
  const geolip::cli::Provers provers{geolip::checker::prove, geolip::checker::prove_exactly};
  return geolip::cli::run_verify(argc, argv, provers, {std::cout, std::cerr, 0});
}
