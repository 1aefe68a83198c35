#include <solve/certifiers.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <new>
#include <system_error>
#include <thread>

namespace geolip::solve {

Certifiers::Certifiers(backend::Backend& backend, std::vector<operators::LinearMap<double>>& maps,
                       const Queues& queues, const std::vector<problem::LayerSlopes>& slopes)
    : own_(std::make_unique<certificate::BlockCertifier>(backend, maps, slopes)) {
  for (const auto& queue : queues) {
    others_.push_back(
        std::unique_ptr<Other>(new Other{*queue->backend, {*queue->backend, queue->maps, slopes}}));
  }
}

Certifiers::Certifiers(certificate::SparseAnalyses& analyses)
    : own_(std::make_unique<certificate::SparseCertifier>(analyses)) {}

void Certifiers::run(Index count, const std::function<void(Index, certificate::Certifier&)>& body) {
  const auto threads_wanted =
      std::min(others_.size(), static_cast<std::size_t>(std::max<Index>(count - 1, 0)));
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
  std::vector<char> short_of_memory(errors.size(), 0);
  std::atomic<Index> next{0};
  const auto work = [&](certificate::Certifier& certifier) {
    for (Index i = next++; i < count; i = next++) {
      const auto at = static_cast<std::size_t>(i);
      try {
        body(i, certifier);
      } catch (const std::bad_alloc&) {
        errors[at] = std::current_exception();
        short_of_memory[at] = 1;
      } catch (...) {
        errors[at] = std::current_exception();
      }
    }
  };
  std::vector<std::exception_ptr> thread_errors(threads_wanted);
  {
    std::vector<std::jthread> threads;
    try {
      for (std::size_t q = 0; q < threads_wanted; ++q) {
        threads.emplace_back([&work, &error = thread_errors[q], &queue = *others_[q]] {
          try {
            queue.backend.enter_thread();
          } catch (...) {
            error = std::current_exception();
            return;
          }
          work(queue.certifier);
        });
      }
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): the others do its share
    }
    work(*own_);
  }
  if (threads_wanted > 0 && std::count(short_of_memory.begin(), short_of_memory.end(), 1) > 0) {
    for (const auto& queue : others_) queue->certifier.release_memory();
    for (std::size_t i = 0; i < errors.size(); ++i) {
      if (short_of_memory[i] == 0) continue;
      errors[i] = nullptr;
      try {
        body(static_cast<Index>(i), *own_);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  }
  errors.insert(errors.end(), thread_errors.begin(), thread_errors.end());
  for (const std::exception_ptr& error : errors) {
    if (error != nullptr) std::rethrow_exception(error);
  }
}

double Certifiers::rounds(Index count) const {
  return std::ceil(static_cast<double>(count) / static_cast<double>(others_.size() + 1));
}

void Certifiers::release_memory() {
  own_->release_memory();
  for (const auto& queue : others_) queue->certifier.release_memory();
}

}  // namespace geolip::solve
