/// \file
/// A backend that computes nothing: the real code runs on it with sizes alone, and it says what that takes.
#pragma once

#include <backend/backend.hpp>

#include <memory>

namespace geolip::backend {

/// What has been asked of a counting backend.
struct Counts {
  std::size_t bytes = 0;         ///< of memory that is held now
  std::size_t peak_bytes = 0;    ///< at the most
  double multiplications = 0.0;  ///< of matrix products, rank-k updates, factorisations and triangular solves
};

/// Memory that it gives must not be touched. Downloads give back what was uploaded since memory was last taken, as if
/// every matrix were the identity, and zeros else; norms are zero, and every matrix has a Cholesky factor.
/// \param on_host whether it is the host's memory that it stands for. The counts must outlive it.
std::unique_ptr<Backend> make_counting_backend(bool on_host, Counts& counts);

}  // namespace geolip::backend
