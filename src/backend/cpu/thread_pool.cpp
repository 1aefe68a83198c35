#include <backend/cpu/thread_pool.hpp>

#include <geolip/error.hpp>

#include <string>

namespace geolip::backend::cpu {
namespace {

// Loops follow each other within microseconds during a sweep; a sleeping thread takes tens of them to wake.
constexpr int spins = 4000;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { serve(); });
  } catch (const std::exception& error) {  // the system has no more of them, or no memory for their stacks
    const int started = this->threads();
    join();
    throw ResourceError("threads: " + std::to_string(threads) +
                        " were asked for, and the system starts no more than " + std::to_string(started) +
                        " (" + error.what() + ")");
  }
}

ThreadPool::~ThreadPool() { join(); }

void ThreadPool::join() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    ++generation_;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Index count, const std::function<void(Index)>& body) {
  if (workers_.empty() || count <= 1) {
    for (Index i = 0; i < count; ++i) body(i);
    return;
  }
  Job job;
  job.body = &body;
  job.count = count;
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    ++generation_;
  }
  wake_.notify_all();
  work(job);
  {
    std::unique_lock lock(mutex_);
    job_ = nullptr;  // from here on no worker can join
    done_.wait(lock, [this] { return active_ == 0; });
  }
  if (job.error) std::rethrow_exception(job.error);
}

void ThreadPool::serve() {
  std::uint64_t seen = 0;
  while (true) {
    for (int i = 0; i < spins && generation_.load(std::memory_order_relaxed) == seen; ++i) pause_briefly();
    Job* job = nullptr;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || generation_.load() != seen; });
      if (stop_) return;
      seen = generation_.load();
      job = job_;
      if (job == nullptr) continue;  // the loop was over before this thread came
      ++active_;
    }
    work(*job);
    {
      const std::lock_guard lock(mutex_);
      --active_;
      if (active_ == 0) done_.notify_one();
    }
  }
}

void ThreadPool::work(Job& job) {
  while (true) {
    const Index i = job.next.fetch_add(1);
    if (i >= job.count) return;
    try {
      (*job.body)(i);
    } catch (...) {
      const std::lock_guard lock(job.error_mutex);
      if (!job.error) job.error = std::current_exception();
      job.next = job.count;
    }
  }
}

}  // namespace geolip::backend::cpu
