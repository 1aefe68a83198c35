#include "checker/parallel.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace geolip::checker {

void parallel_for(Index count, int threads, const std::function<void(Index)>& body) {
  if (threads <= 1 || count <= 1) {
    for (Index i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<Index> next{0};
  std::exception_ptr error;
  std::mutex error_mutex;
  const auto work = [&]() noexcept {
    try {
      for (Index i = next++; i < count; i = next++) body(i);
    } catch (...) {
      const std::lock_guard lock(error_mutex);
      error = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> workers;
    const Index helpers = std::min<Index>(threads, count) - 1;
    try {
      workers.reserve(static_cast<std::size_t>(helpers));
      for (Index t = 0; t < helpers; ++t) workers.emplace_back(work);
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): the others do its share
    }
    work();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace geolip::checker
