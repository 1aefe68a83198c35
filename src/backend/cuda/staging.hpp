/// \file
/// Large uploads by way of pinned memory.
#pragma once

#include <backend/cuda/context.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace geolip::backend::cuda {

/// Copies pieces of the host's memory into pinned slots, by several threads, from where the device fetches
/// them meanwhile. The driver's own way from ordinary memory keeps one core copying, at a fraction of the
/// bus's speed.
class Staging {
 public:
  /// Smaller uploads are not worth the threads, nor the first of them the pinned memory.
  static constexpr std::size_t worth_bytes = std::size_t{32} << 20;

  /// Takes pinned memory with the first upload only.
  explicit Staging(Context& context) : context_(context) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  Staging(Staging&&) = delete;
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  /// Copies to the device and waits for the copy. False, and nothing is done, where the host has no memory to
  /// pin (which is asked for once). Throws CudaError.
  bool upload(void* destination, const void* host, std::size_t bytes);

 private:
  struct Slot {
    unsigned char* memory = nullptr;
    Event fetched;  ///< what was put there last is on the device
  };
  class Pieces;

  void make_slots();
  void work(Pieces& pieces, std::span<Slot> slots) const;

  Context& context_;
  bool has_tried_ = false;
  PinnedMemory memory_;
  std::vector<Slot> slots_;
};

}  // namespace geolip::backend::cuda
