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

/// What the upper bound of a result is worth.
enum class Status {
  certified,  ///< the gap is met by a dual certificate that passed in float64, or by the product of norms
  verified,   ///< certified, and the upper bound is proved with every rounding error covered
  limit       ///< a limit ended the run before the gap was met; the bounds are valid all the same
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

/// The bounds of one objective: lower <= FGL <= upper and lower <= relaxation <= upper.
struct Bound {
  Objective objective;
  Norm norm = Norm::l2;
  double lower = 0.0;       ///< value of the best activation pattern found
  double relaxation = 0.0;  ///< value of the low-rank ascent: a lower bound on the SDP's optimum
  double upper = 0.0;       ///< certified upper bound
  Status status = Status::limit;
  /// Whether `upper` is proved with every rounding error covered, by `proofs`, for the network as it was
  /// handed to estimate(): its weights as doubles, scales of affine layers up to three ulps off. Where
  /// reading the file rounded more than that, NetworkFile::rounded says so. Such a bound may still have
  /// status `limit`.
  bool verified = false;
  double verification_loss = 0.0;  ///< what the proof cost: (upper - the float64 certificate's) / upper
  /// The proofs of `upper`: one, or several whose maximum is the bound (linf with the vector objective, l1).
  /// Empty where the bound comes from elsewhere (the product of norms).
  std::vector<Proof> proofs;
  Index iterations = 0;                      ///< sweeps
  Index rank = 0;                            ///< rank of the factorisation at the end
  Precision precision = Precision::float32;  ///< arithmetic of the last sweeps: float32 or float64
  Seconds seconds;

  /// (upper - relaxation) / upper, 0 where upper is 0.
  double gap() const;
};

/// One bound for each objective of the query, in its order.
struct Result {
  std::vector<Bound> bounds;
  Prediction prediction;
  std::string device;    ///< name of the backend that ran, e.g. "cpu (2 threads, OpenBLAS)"
  bool stopped = false;  ///< ended by Settings::stop
  /// Why bounds were not proved in spite of Settings::verify, in one sentence; empty if all were.
  std::string verification_note;

  /// True if every bound has status certified or verified.
  bool certified() const;
};

}  // namespace geolip
