/// \file
/// The seam between the algorithms and the hardware: everything that touches numbers in bulk. Three pages say
/// what there is (memory.hpp, algebra.hpp, sweep_kernels.hpp); this one, how work is asked for.
#pragma once

#include <backend/algebra.hpp>
#include <backend/memory.hpp>
#include <backend/sweep_kernels.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>

namespace geolip::backend {

/// What a backend keeps of operations that are repeated.
class Repetition {
 public:
  Repetition() = default;
  Repetition(const Repetition&) = delete;
  Repetition& operator=(const Repetition&) = delete;
  Repetition(Repetition&&) = delete;
  Repetition& operator=(Repetition&&) = delete;
  virtual ~Repetition() = default;

  /// Whether the operations are played back from a recording.
  virtual bool is_recorded() const = 0;
};

/// A queue of work on a device, for one thread at a time: results come in the order in which they were asked
/// for.
///
/// Matrices are row-major (View). All sums are taken in an order that depends on shapes alone, so that a
/// computation repeated on the same device gives the same bits, whatever the number of threads.
class Backend : public Memory, public Algebra {
 public:
  /// For reports: "cpu (2 threads, OpenBLAS)".
  virtual std::string name() const = 0;

  /// The sweep's operations in arithmetic T.
  template <class T>
  Kernels<T>& in() {
    if constexpr (std::is_same_v<T, float>) {
      return kernels32();
    } else {
      return kernels64();
    }
  }
  /// Y(:, j) = X(:, index_j), 0 where index_j < 0: from one arithmetic to the other
  virtual void widen_columns(const std::int32_t* index, ConstView<float> x, View<double> y) = 0;

  /// Waits for the work that was asked for.
  virtual void synchronise() {}
  /// Does `operations`, which ask this backend for the same work on the same memory whenever they are called
  /// with the same `repetition` (null at first): the backend may record them once and play them back, without
  /// calling them. Operations that allocate, up- or download are never recorded.
  virtual void repeat(std::unique_ptr<Repetition>& /*repetition*/, const std::function<void()>& operations) {
    operations();
  }

  /// Queues among which pieces of so many multiplications each are best shared out, this one included; 1
  /// where one queue keeps the device busy.
  virtual int queues(double multiplications) const = 0;
  /// Another queue on the same device. Memory of either may be used in both once the work that wrote it has
  /// been waited for (by a download, say). This backend must outlive it.
  virtual std::unique_ptr<Backend> fork() = 0;
  /// To be called by a thread before its first use of a backend that another thread made.
  virtual void enter_thread() {}

 private:
  virtual Kernels<float>& kernels32() = 0;
  virtual Kernels<double>& kernels64() = 0;
};

/// The CPU backend. \param threads 0 for all cores.
std::unique_ptr<Backend> make_cpu_backend(int threads);

/// The backend of this name: "cpu", "cuda" or "cuda:N". (What "auto" is depends on the run:
/// choose_backend().) Throws QueryError for any other name, and for a device that is not there.
std::unique_ptr<Backend> make_backend(const std::string& device, int threads);

}  // namespace geolip::backend
