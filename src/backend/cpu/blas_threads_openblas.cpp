#include <backend/cpu/blas_threads.hpp>

#include <cblas.h>

namespace geolip::backend::cpu {

SingleThreadedBlas::SingleThreadedBlas() : previous_(openblas_get_num_threads()) {
  openblas_set_num_threads(1);
}
SingleThreadedBlas::~SingleThreadedBlas() { openblas_set_num_threads(previous_); }
std::string SingleThreadedBlas::name() { return "OpenBLAS"; }

}  // namespace geolip::backend::cpu
