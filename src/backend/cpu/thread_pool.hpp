/// \file
/// Threads that share out the pieces of one loop at a time.
#pragma once

#include <geolip/network.hpp>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace geolip::backend::cpu {

/// The calling thread works too, and never waits for a thread that has not begun: on a busy machine a loop
/// costs what one thread needs, not what the slowest of several does. Idle threads spin for some
/// microseconds, then sleep. (OpenMP's threads, which spin much longer and must all arrive, made sweeps ten
/// times slower beside other work.)
class ThreadPool {
 public:
  /// \param threads in all, the calling one included; at least 1. Throws ResourceError if they cannot be
  /// started.
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ThreadPool(ThreadPool&&) = delete;
  ThreadPool& operator=(ThreadPool&&) = delete;
  ~ThreadPool();

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(i) for i in 0 .. count - 1, each once, in any order and on any thread. Throws what a body
  /// throws. Not reentrant: a body must not call run.
  void run(Index count, const std::function<void(Index)>& body);

 private:
  struct Job {
    const std::function<void(Index)>* body = nullptr;
    Index count = 0;
    std::atomic<Index> next{0};
    std::exception_ptr error;
    std::mutex error_mutex;
  };

  void join();
  void serve();
  static void work(Job& job);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Job* job_ = nullptr;                        // guarded by mutex_
  int active_ = 0;                            // workers inside job_, guarded by mutex_
  bool stop_ = false;                         // guarded by mutex_
  std::atomic<std::uint64_t> generation_{0};  // written under mutex_, watched without it
  std::vector<std::thread> workers_;
};

}  // namespace geolip::backend::cpu
