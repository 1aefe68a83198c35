/// \file
/// The steps of the solve loop.
#pragma once

#include <solve/batch.hpp>

#include <algorithm>
#include <chrono>

namespace geolip::solve {

/// Adds the time of a scope to a total.
class Stopwatch {
 public:
  explicit Stopwatch(double& total) : total_(total), start_(std::chrono::steady_clock::now()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  Stopwatch(Stopwatch&&) = delete;
  Stopwatch& operator=(Stopwatch&&) = delete;
  ~Stopwatch() { total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_;
};

template <class T>
Index largest_rank(const ascent::Ascent<T>& ascent) {
  Index rank = 0;
  for (Index b = 0; b < ascent.problems(); ++b) rank = std::max(rank, ascent.rank(b));
  return rank;
}

/// What a certificate of a problem of this rank costs, in its sweeps.
double certificate_sweeps(const Batch& batch, Index rank);

/// Sweeps and counts; waits for the device where it is `due` or far behind.
template <class T>
void sweep(Batch& batch, ascent::Ascent<T>& ascent, bool due);

/// Whether this is the end, with the time that last certificates for so many problems take.
bool is_over(const Batch& batch, Index problems);

/// What there is to see of every problem of the state.
template <class T>
std::vector<Check> look(Batch& batch, ascent::Ascent<T>& ascent);

/// Certificates for the problems that are ready for one, and for all at the end; false if none was tried.
template <class T>
bool certify(Batch& batch, const ascent::Ascent<T>& ascent, std::vector<Check>& checks, Effort effort,
             bool last);

/// What becomes of each problem.
template <class T>
void decide(Batch& batch, ascent::Ascent<T>& ascent, std::vector<Check>& checks, bool last, bool may_refine);

/// Lower bounds of the problems that are settled.
template <class T>
void settle(Batch& batch, ascent::Model<T>& model, ascent::Ascent<T>& ascent,
            const std::vector<Check>& checks);

/// The state that is left after a check.
struct Rest {
  std::vector<Index> kept;   ///< problems of the state that go on
  std::vector<Index> ranks;  ///< theirs
  bool changed = false;      ///< whether it is another state
  bool grown = false;        ///< whether a rank is larger
  bool all_stalled = false;
};

template <class T>
Rest resize(Batch& batch, const ascent::Ascent<T>& ascent, const std::vector<Check>& checks, bool may_refine);

/// Whether nobody needs to know more of a problem.
bool is_settled(const Batch& batch, const Outcome& outcome, double relaxation, Index id);

}  // namespace geolip::solve
