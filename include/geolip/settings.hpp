/// \file
/// How hard to try, and on what.
#pragma once

#include <geolip/network.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <stop_token>
#include <string>

namespace geolip {

/// Arithmetic of the ascent's sweeps. The certificate is always float64.
enum class Precision {
  automatic,  ///< float32, then float64 for problems that float32 does not bring to the gap
  float32,
  float64
};

/// Whether upper bounds are proved with all rounding errors covered (docs/method.md, section 7).
enum class Verify {
  automatic,  ///< where that costs little against the solve
  on,         ///< always
  off         ///< never
};

/// Progress of a running estimate, handed to Settings::observer.
struct Progress {
  Index problems = 0;                                    ///< problems in the batch
  Index certified = 0;                                   ///< problems whose gap is met
  Index iteration = 0;                                   ///< sweeps done so far
  Index rank = 0;                                        ///< largest rank in use
  double gap = std::numeric_limits<double>::infinity();  ///< largest relative gap of all problems
  double seconds = 0.0;                                  ///< since the start
};

/// What a run is predicted to take, from the network's sizes alone, before it begins.
struct Prediction {
  double bytes = 0.0;  ///< memory of everything that is there at once, at the most, at the first rank
  double certificate_bytes = 0.0;  ///< of it, the matrices of a certificate, of one if several are made
  double multiplications = 0.0;    ///< of one certificate; a run makes several for each objective
  /// Of one certificate, at the speed of a factorisation measured on the device; 0 where it is too little to
  /// be worth that.
  double seconds = 0.0;
  Index batch = 0;         ///< problems solved together: all, or as many as fit into the device's memory
  Index certificates = 1;  ///< made at the same time, at the most
  /// Whether the device has no room for the weights, which then come from the host for each product.
  bool weights_on_host = false;
};

/// Settings of estimate(). The defaults suit every network we know of.
struct Settings {
  /// Relative gap (upper - relaxation) / upper at which a problem is certified. In (0, 1).
  double gap = 1e-4;
  /// Sweeps after which a problem is given up with status `limit`. At least 1.
  Index max_iterations = 20000;
  /// Wall-clock limit in seconds for the whole call. The last certificates, which are worth most, may end it
  /// late: by as long again as the limit, but not less than two seconds. What does not fit in is not begun, or
  /// given up, and the product bound stands in.
  double time_limit = std::numeric_limits<double>::infinity();
  /// First rank r of the factorisation; 0 chooses one from the widest layer (16 up to 256 neurons, then about
  /// the square root). It grows, up to max_rank, where the certificate shows it to be too small. rank <=
  /// max_rank.
  Index rank = 0;
  Index max_rank = 128;
  /// Arithmetic of the sweeps.
  Precision precision = Precision::automatic;
  /// Whether to prove the upper bounds.
  Verify verify = Verify::automatic;
  /// Seed of every random choice. The same seed gives the same bits on the same device, if as much memory is
  /// free.
  std::uint64_t seed = 0;
  /// Rank-one starts for each problem when the lower bound is sought. At least 1.
  Index starts = 64;
  /// CPU threads; 0 means all cores. The result does not depend on it.
  int threads = 0;
  /// "auto", "cpu" or "cuda" (also "cuda:N"). "auto" is the first CUDA device, if there is one that can be
  /// used and the run is large enough to be worth opening it (10^10 multiplications for one certificate of
  /// each problem: in l_1 an objective has one for each input), and else the CPU, which also takes over what
  /// a device's memory has no room for.
  std::string device = "auto";
  /// Asked to stop, estimate() returns the valid bounds it has, in about two seconds at the most.
  std::stop_token stop;
  /// Called before the work begins, with the backend's name, and once more where a device ran out of memory and the
  /// work begins anew on the CPU; not called where every FGL is zero. May be empty.
  std::function<void(const std::string& device, const Prediction& prediction)> begin;
  /// Called from the calling thread a few times a second at the most; may be empty.
  std::function<void(const Progress&)> observer;
};

}  // namespace geolip
