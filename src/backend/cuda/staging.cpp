#include <backend/cuda/staging.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace geolip::backend::cuda {
namespace {

// A piece takes the bus about a tenth of a millisecond, which hides what asking for it costs. A worker fills
// one of its slots while the other is fetched; so many workers copy faster than the bus.
constexpr std::size_t piece_bytes = std::size_t{4} << 20;
constexpr std::size_t slots_each = 2;
constexpr std::size_t most_workers = 8;

std::size_t count_workers() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_workers);
}

/// False where the system has no thread left: those that there are do all of the work then.
template <class Work>
bool start_thread(std::vector<std::jthread>& threads, Work&& work) {
  try {
    threads.emplace_back(std::forward<Work>(work));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

/// The pieces of one upload, handed out one after the other, and the first error.
class Staging::Pieces {
 public:
  struct Piece {
    unsigned char* destination;
    const unsigned char* host;
    std::size_t bytes;
  };

  Pieces(void* destination, const void* host, std::size_t bytes)
      : destination_(static_cast<unsigned char*>(destination)),
        host_(static_cast<const unsigned char*>(host)),
        bytes_(bytes) {}

  std::optional<Piece> next() {
    const std::size_t begin = piece_bytes * number_++;
    if (has_failed_ || begin >= bytes_) return std::nullopt;
    return Piece{destination_ + begin, host_ + begin, std::min(piece_bytes, bytes_ - begin)};
  }
  void fail(std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    if (!has_failed_) error_ = std::move(error);
    has_failed_ = true;
  }
  /// Once all workers have ended.
  void rethrow() const {
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

 private:
  unsigned char* destination_;
  const unsigned char* host_;
  std::size_t bytes_;
  std::atomic<std::size_t> number_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::mutex mutex_;
  std::exception_ptr error_;
};

Staging::~Staging() {
  // An upload that failed may have left copies from the slots on the stream.
  if (!slots_.empty()) static_cast<void>(cudaStreamSynchronize(context_.stream()));
}

void Staging::make_slots() {
  has_tried_ = true;
  const std::size_t count = slots_each * count_workers();
  void* memory = nullptr;
  const cudaError_t status = cudaHostAlloc(&memory, count * piece_bytes, cudaHostAllocDefault);
  if (status != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return;
  }
  PinnedMemory pinned(static_cast<unsigned char*>(memory));
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < count; ++i) {
    cudaEvent_t event = nullptr;
    GEOLIP_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    slots.push_back({pinned.get() + i * piece_bytes, Event(event)});
  }
  memory_ = std::move(pinned);
  slots_ = std::move(slots);
}

void Staging::work(Pieces& pieces, std::span<Slot> slots) const {
  try {
    GEOLIP_CUDA_CHECK(cudaSetDevice(context_.device()));
    for (std::size_t turn = 0;; ++turn) {
      const std::optional<Pieces::Piece> piece = pieces.next();
      if (!piece) return;
      const Slot& slot = slots[turn % slots.size()];
      GEOLIP_CUDA_CHECK(cudaEventSynchronize(slot.fetched.get()));
      std::memcpy(slot.memory, piece->host, piece->bytes);
      GEOLIP_CUDA_CHECK(cudaMemcpyAsync(piece->destination, slot.memory, piece->bytes, cudaMemcpyHostToDevice,
                                        context_.stream()));
      GEOLIP_CUDA_CHECK(cudaEventRecord(slot.fetched.get(), context_.stream()));
    }
  } catch (...) {
    pieces.fail(std::current_exception());
  }
}

bool Staging::upload(void* destination, const void* host, std::size_t bytes) {
  if (!has_tried_) make_slots();
  if (slots_.empty()) return false;
  Pieces pieces(destination, host, bytes);
  const std::span<Slot> all(slots_);
  {
    std::vector<std::jthread> others;
    for (std::size_t first = slots_each; first < all.size(); first += slots_each) {
      if (!start_thread(others, [&, first] { work(pieces, all.subspan(first, slots_each)); })) break;
    }
    work(pieces, all.first(slots_each));
  }
  context_.synchronise();  // whatever happened: the slots are filled anew by the next upload
  pieces.rethrow();
  return true;
}

}  // namespace geolip::backend::cuda
