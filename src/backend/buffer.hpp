/// \file
/// Owned memory of a backend.
#pragma once

#include <backend/backend.hpp>

#include <span>
#include <utility>
#include <vector>

namespace geolip::backend {

/// A row-major matrix in a backend's memory, which must outlive it. Move-only.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  /// Uninitialised rows x cols.
  Buffer(Memory& memory, Index rows, Index cols = 1) : memory_(&memory), rows_(rows), cols_(cols) {
    if (rows * cols > 0) {
      data_ = static_cast<T*>(memory.allocate(static_cast<std::size_t>(rows * cols) * sizeof(T)));
    }
  }
  /// A copy of host data.
  Buffer(Memory& memory, std::span<const T> host, Index cols = 1)
      : Buffer(memory, static_cast<Index>(host.size()) / cols, cols) {
    upload(host);
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer empty(std::move(other));
    swap(empty);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data_ != nullptr) memory_->release(data_);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index size() const { return rows_ * cols_; }

  View<T> view() { return {data_, rows_, cols_}; }
  ConstView<T> view() const { return {data_, rows_, cols_}; }

  /// Copies host data of exactly this size in.
  void upload(std::span<const T> host) {
    if (size() > 0) memory_->upload(data_, host.data(), bytes());
  }
  std::vector<T> download() const {
    std::vector<T> host(static_cast<std::size_t>(size()));
    if (size() > 0) memory_->download(host.data(), data_, bytes());
    return host;
  }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * sizeof(T); }
  void swap(Buffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(data_, other.data_);
    std::swap(rows_, other.rows_);
    std::swap(cols_, other.cols_);
  }

  Memory* memory_ = nullptr;
  T* data_ = nullptr;
  Index rows_ = 0;
  Index cols_ = 0;
};

/// Memory that grows on demand and is handed out as matrices of any shape; earlier contents are lost.
template <class T>
class Scratch {
 public:
  explicit Scratch(Memory& memory) : memory_(&memory) {}

  View<T> take(Index rows, Index cols) {
    if (rows * cols > buffer_.size()) {
      buffer_ = Buffer<T>();  // released first: the peak is one buffer, not two
      buffer_ = Buffer<T>(*memory_, rows * cols);
    }
    return {buffer_.data(), rows, cols};
  }

  void release() { buffer_ = Buffer<T>(); }
  /// Entries that it holds memory for.
  Index capacity() const { return buffer_.size(); }

 private:
  Memory* memory_;
  Buffer<T> buffer_;
};

/// The diagonal of a square matrix, on the host.
inline std::vector<double> download_diagonal(Backend& backend, ConstView<double> a) {
  Buffer<double> diagonal(backend, a.rows);
  backend.in<double>().combine(1.0, diagonal_of(a), 0.0, diagonal.view());
  return diagonal.download();
}

}  // namespace geolip::backend
