#include <backend/cpu/blas_threads.hpp>

namespace geolip::backend::cpu {

// Eigen's own kernels are entered from one thread at a time for each piece; there is nothing to hold back.
SingleThreadedBlas::SingleThreadedBlas() : previous_(0) {}
SingleThreadedBlas::~SingleThreadedBlas() = default;
std::string SingleThreadedBlas::name() { return "Eigen"; }

}  // namespace geolip::backend::cpu
