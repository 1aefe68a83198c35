/// \file
/// A device's memory.
#pragma once

#include <cstddef>

namespace geolip::backend {

/// What comes from here is for operations of the same backend, or of one that was forked from it.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  Memory(Memory&&) = delete;
  Memory& operator=(Memory&&) = delete;
  virtual ~Memory() = default;

  /// Uninitialised memory, at least 64-byte aligned. Throws std::bad_alloc.
  virtual void* allocate(std::size_t bytes) = 0;
  /// Work that was asked for before may still use it.
  virtual void release(void* memory) noexcept = 0;

  /// Both return when the host's side of the copy is done with.
  virtual void upload(void* destination, const void* host, std::size_t bytes) = 0;
  virtual void download(void* host, const void* source, std::size_t bytes) = 0;

  /// Bytes of memory that the device has for this program; 0 if that is not known. What other programs hold
  /// of a device's own memory is not counted.
  virtual std::size_t memory() const = 0;
  /// Whether the backend works on host memory in place.
  virtual bool shares_host_memory() const = 0;
};

}  // namespace geolip::backend
