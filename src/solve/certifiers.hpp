/// \file
/// Certificates of several problems, as many at a time as the device has queues for.
#pragma once

#include <certificate/certificate.hpp>
#include <certificate/sparse_certifier.hpp>
#include <operators/linear_map.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace geolip::solve {

/// Certifiers of one network: the first on the caller's own backend, each other on a queue of its own, with a
/// thread of the host to wait for it. What a certificate says does not depend on which of them makes it.
class Certifiers {
 public:
  /// A queue of work on a device, and the network's maps there.
  struct Queue {
    Queue(std::unique_ptr<backend::Backend> backend_, const problem::Chain& chain,
          const problem::Scaling& scaling, const std::shared_ptr<operators::DenseWeights>& weights)
        : backend(std::move(backend_)),
          maps(operators::make_linear_maps<double>(*backend, chain, scaling, weights)) {}

    std::unique_ptr<backend::Backend> backend;
    std::vector<operators::LinearMap<double>> maps;
  };
  using Queues = std::vector<std::unique_ptr<Queue>>;

  /// \param maps those of the chain on `backend`
  /// \param queues forked from `backend`: one for each certificate more that is made at the same time
  Certifiers(backend::Backend& backend, std::vector<operators::LinearMap<double>>& maps, const Queues& queues,
             const std::vector<problem::LayerSlopes>& slopes);
  /// One sparse certifier.
  explicit Certifiers(certificate::SparseAnalyses& analyses);

  /// Calls body(i, certifier) for each i in 0 .. count - 1, in any order and on any thread. Throws what a
  /// body throws (of several, that of the least i), after all have ended. Where memory is too short for
  /// several at a time (a body throws std::bad_alloc), the others' workspaces are given back and those bodies
  /// called again, one after the other.
  void run(Index count, const std::function<void(Index, certificate::Certifier&)>& body);

  /// How many certificates come one after the other where so many are wanted.
  double rounds(Index count) const;

  /// Gives all workspaces back; the next certificates take them anew.
  void release_memory();

 private:
  struct Other {
    backend::Backend& backend;
    certificate::BlockCertifier certifier;
  };

  std::unique_ptr<certificate::Certifier> own_;
  std::vector<std::unique_ptr<Other>> others_;
};

}  // namespace geolip::solve
