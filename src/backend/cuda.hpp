/// \file
/// The CUDA backend, which a build may lack: cuda_stub.cpp then stands in its place.
#pragma once

#include <backend/backend.hpp>

#include <memory>

namespace geolip::backend {

/// Throws QueryError if there is no such device, or no CUDA in this build.
std::unique_ptr<Backend> make_cuda_backend(int device);

/// The first device; null if there is none, or none that can be used.
std::unique_ptr<Backend> find_cuda_backend();

}  // namespace geolip::backend
