#include <backend/cuda.hpp>

#include <geolip/error.hpp>

namespace geolip::backend {

std::unique_ptr<Backend> make_cuda_backend(int device) {
  throw QueryError("device: 'cuda:" + std::to_string(device) +
                   "' is not available, this build of GeoLIP has no CUDA backend");
}

std::unique_ptr<Backend> find_cuda_backend() { return nullptr; }

}  // namespace geolip::backend
