/// \file
/// What estimate() found.
#pragma once

#include <geolip/certificate.hpp>
#include <geolip/query.hpp>
#include <geolip/settings.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace geolip {

/// What became of an objective. Whether the gap was met decides between the first two and `limit`.
enum class Status {
  verified,   ///< the gap is met, and the upper bound is proved with every rounding error covered
  certified,  ///< the gap is met by a dual certificate that passed in float64, or by the product of norms
  limit,      ///< the gap was not met; the bounds are valid all the same, and proved where there are proofs
  failed      ///< nothing is known: no upper bound was found in the range of double
};

std::string_view to_string(Status status);

/// Wall-clock seconds that the result's batch spent in each part of the work. Problems solved as one
/// batch share these numbers.
struct Seconds {
  double ascent = 0.0;
  double certificate = 0.0;
  double rounding = 0.0;
  double verification = 0.0;
  double total = 0.0;
};

/// The bounds of one objective: lower <= FGL <= upper and lower <= relaxation <= upper. Where the status is
/// `failed` they say nothing: 0, 0 and infinity.
struct Bound {
  Objective objective;
  Norm norm = Norm::l2;
  double lower = 0.0;       ///< value of the best activation pattern found
  double relaxation = 0.0;  ///< value of the low-rank ascent: a lower bound on the SDP's optimum
  double upper = 0.0;       ///< certified upper bound
  Status status = Status::limit;
  std::string reason;              ///< why the status is not `verified`, in one sentence; else empty
  double verification_loss = 0.0;  ///< what the proof cost: (upper - the float64 certificate's) / upper
  /// What the checker accepted as proof of `upper`, with every rounding error covered, for the network as it
  /// was handed to estimate(): its weights as doubles, scales of affine layers up to three ulps off. (Where
  /// reading the file rounded more than that, NetworkFile::rounded says so.) One, or several whose maximum is
  /// the bound (linf with the vector objective, l1). Empty where the bound is not proved.
  std::vector<Proof> proofs;
  Index iterations = 0;                      ///< sweeps
  Index rank = 0;                            ///< rank of the factorisation at the end
  Precision precision = Precision::float32;  ///< arithmetic of the last sweeps: float32 or float64
  Seconds seconds;

  /// (upper - relaxation) / upper; 0 where upper is 0, 1 where it is infinite.
  double gap() const;
  /// Whether `upper` is proved with every rounding error covered, be the gap met or not.
  bool proved() const { return !proofs.empty(); }
};

/// One bound for each objective of the query, in its order.
struct Result {
  std::vector<Bound> bounds;
  Prediction prediction;
  std::string device;    ///< name of the backend that ran, e.g. "cpu (2 threads, OpenBLAS)"
  bool stopped = false;  ///< ended by Settings::stop

  /// True if every bound has status certified or verified.
  bool certified() const;
  /// True if some bound has status failed.
  bool failed() const;
};

}  // namespace geolip
