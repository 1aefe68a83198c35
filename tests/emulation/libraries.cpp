// In the place of the libraries that src/backend/cuda/libraries.cpp loads: this folder's functions.
#include <backend/cuda/libraries.hpp>

namespace geolip::backend::cuda {

#define GEOLIP_DEFINE(name) decltype(&::name) name = &::name;
GEOLIP_CUBLAS_FUNCTIONS(GEOLIP_DEFINE)
GEOLIP_CUSOLVER_FUNCTIONS(GEOLIP_DEFINE)
#undef GEOLIP_DEFINE

void load_libraries() {}

}  // namespace geolip::backend::cuda
