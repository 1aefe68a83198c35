#include <emulation/threads.hpp>

#include <ucontext.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace geolip::emulation {
namespace {

constexpr std::size_t stack_bytes = std::size_t{128} << 10;
constexpr int warp_size = 32;

[[noreturn]] void fail(const char* sentence) {
  std::fprintf(stderr, "emulated device: %s\n", sentence);
  std::abort();
}

/// What a waiting thread waits for.
enum class State { ready, at_block_barrier, in_exchange, ended };

struct Thread {
  ucontext_t context{};
  std::unique_ptr<char[]> stack;
  uint3 index{};
  State state = State::ended;
  // an exchange in hand
  unsigned mask = 0;
  int step = 0;
  double given = 0.0;
  double taken = 0.0;
};

class Block {
 public:
  void run(dim3 threads, uint3 block, const std::function<void()>& body) {
    body_ = &body;
    block_index_ = block;
    count_ = threads.x * threads.y * threads.z;
    while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>());
    for (unsigned i = 0; i < count_; ++i) {
      Thread& thread = *threads_[i];
      thread.index = {i % threads.x, i / threads.x % threads.y, i / threads.x / threads.y};
      prepare(thread);
    }
    while (advance()) {
    }
    for (unsigned i = 0; i < count_; ++i) {
      if (threads_[i]->state != State::ended) fail("threads of a block wait for others that never come");
    }
  }

  void wait(State state) {
    Thread& thread = *threads_[current_];
    thread.state = state;
    swapcontext(&thread.context, &scheduler_);
  }

  Thread& current() { return *threads_[current_]; }
  const uint3& block_index() const { return block_index_; }

 private:
  static void enter();

  void prepare(Thread& thread) {
    if (thread.stack == nullptr) thread.stack = std::make_unique<char[]>(stack_bytes);
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.get();
    thread.context.uc_stack.ss_size = stack_bytes;
    thread.context.uc_link = &scheduler_;
    makecontext(&thread.context, &Block::enter, 0);
    thread.state = State::ready;
  }

  /// Runs every thread that can go on up to its next wait; false if there was none.
  bool advance() {
    bool moved = false;
    for (unsigned i = 0; i < count_; ++i) {
      if (threads_[i]->state != State::ready) continue;
      current_ = i;
      swapcontext(&scheduler_, &threads_[i]->context);
      moved = true;
    }
    return meet() || moved;
  }

  /// Lets those go on whose partners have all come.
  bool meet() {
    bool met = false;
    bool all_at_barrier = true;
    bool any_at_barrier = false;
    for (unsigned i = 0; i < count_; ++i) {
      const State state = threads_[i]->state;
      any_at_barrier = any_at_barrier || state == State::at_block_barrier;
      all_at_barrier = all_at_barrier && (state == State::at_block_barrier || state == State::ended);
    }
    if (any_at_barrier && all_at_barrier) {
      for (unsigned i = 0; i < count_; ++i) {
        if (threads_[i]->state == State::at_block_barrier) threads_[i]->state = State::ready;
      }
      return true;
    }
    for (unsigned i = 0; i < count_; ++i) {
      if (threads_[i]->state == State::in_exchange) met = exchange_among(i) || met;
    }
    return met;
  }

  /// Serves the lanes that the lane `first` exchanges with, if all are there.
  bool exchange_among(unsigned first) {
    const Thread& leader = *threads_[first];
    const unsigned warp = first / warp_size * warp_size;
    if ((leader.mask >> (first - warp) & 1U) == 0) fail("a lane exchanges under a mask that it is not in");
    for (unsigned lane = 0; lane < warp_size; ++lane) {
      if ((leader.mask >> lane & 1U) == 0) continue;
      if (warp + lane >= count_) fail("a mask has lanes that the block has not");
      const Thread& other = *threads_[warp + lane];
      if (other.state != State::in_exchange) return false;
      if (other.mask != leader.mask || other.step != leader.step) return false;
    }
    for (unsigned lane = 0; lane < warp_size; ++lane) {
      if ((leader.mask >> lane & 1U) == 0) continue;
      Thread& thread = *threads_[warp + lane];
      const unsigned across = lane ^ static_cast<unsigned>(leader.step);
      if (across >= warp_size || (leader.mask >> across & 1U) == 0)
        fail("an exchange with a lane outside the mask");
      thread.taken = threads_[warp + across]->given;
      thread.state = State::ready;
    }
    return true;
  }

  ucontext_t scheduler_{};
  std::vector<std::unique_ptr<Thread>> threads_;
  const std::function<void()>* body_ = nullptr;
  uint3 block_index_{};
  unsigned count_ = 0;
  unsigned current_ = 0;
};

thread_local Block block;

void Block::enter() {
  (*block.body_)();
  block.current().state = State::ended;
  // returns to the scheduler by uc_link
}

}  // namespace

void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& thread) {
  for (unsigned z = blocks.z; z-- > 0;) {
    for (unsigned y = blocks.y; y-- > 0;) {
      for (unsigned x = blocks.x; x-- > 0;) block.run(threads, {x, y, z}, thread);
    }
  }
}

void synchronise_block() { block.wait(State::at_block_barrier); }

double exchange(unsigned mask, double x, int step) {
  Thread& thread = block.current();
  thread.mask = mask;
  thread.step = step;
  thread.given = x;
  block.wait(State::in_exchange);
  return thread.taken;
}

const uint3& thread_index() { return block.current().index; }
const uint3& block_index() { return block.block_index(); }

}  // namespace geolip::emulation
