#include <solve/prove.hpp>

#include <backend/cpu/host.hpp>
#include <solve/checker.hpp>
#include <solve/proofs.hpp>
#include <solve/proving_cost.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace geolip::solve {
namespace {

// Automatic: proofs are made where they take less time than the solve, in which an operation takes so many
// times less than in the checker's plain loops (measured on the CPU; a GPU is faster by more), or where they
// are so few that nobody waits for them.
constexpr double speed_ratio_cpu = 4.0;
constexpr double speed_ratio_device = 200.0;
constexpr double always_affordable = 2e10;
// Inflation against the slack that the rounding errors ask for: the lemma (M18) turns d into a slack of d/2.
constexpr double inflation_per_slack = 4.0;
// The first guess of the slack: this many times the product of two neighbouring widths, in units of rounding.
constexpr double slack_guess = 4.0;
constexpr double retry_growth = 8.0;
// The bound grows by about (L + 3) d / 2: a proof that costs more than this share of it is given up.
constexpr double largest_loss = 5e-3;

Index widest(const problem::Chain& chain) {
  Index most = chain.inputs;
  for (const problem::Stage& stage : chain.stages) most = std::max(most, stage.outputs);
  return most;
}

/// Whether the stage is a chain of products and scales.
bool is_dense(const problem::Stage& stage) {
  return stage.is_chain() &&
         std::all_of(stage.steps.begin(), stage.steps.end(), [](const problem::Step& step) {
           return std::holds_alternative<Dense>(step.layer->op) ||
                  std::holds_alternative<Affine>(step.layer->op) ||
                  std::holds_alternative<Permutation>(step.layer->op);
         });
}

/// Multiplications of all sweeps.
double solving_cost(const problem::Chain& chain, const std::vector<Bound>& bounds) {
  double entries = 0.0;
  for (const problem::Stage& stage : chain.stages) {
    const double dense = static_cast<double>(stage.inputs) * static_cast<double>(stage.outputs);
    entries += is_dense(stage) ? dense : std::min(dense, problem::multiplications(stage));
  }
  double cost = 0.0;
  for (const Bound& bound : bounds)
    cost += 4.0 * entries * static_cast<double>(bound.iterations) * static_cast<double>(bound.rank);
  return cost;
}

class Prover {
 public:
  explicit Prover(Session& session)
      : session_(session),
        network_(checker_network(session.network)),
        threads_(session.settings.threads > 0 ? session.settings.threads : backend::cpu::usable_cores()) {}

  void run() {
    if (session_.settings.verify == Verify::automatic && !affordable()) {
      for (Bound& bound : session_.result.bounds)
        give_up(bound, "the proofs would take longer than the bounds");
      return;
    }
    for (Bound& bound : session_.result.bounds) {
      if (bound.status != Status::failed) verify(bound);
    }
  }

 private:
  /// What has missed its gap has another reason already.
  static void give_up(Bound& bound, const std::string& reason) {
    bound.proofs.clear();
    if (bound.reason.empty()) bound.reason = reason;
  }

  bool affordable() const {
    double cost = 0.0;
    for (const Bound& bound : session_.result.bounds) {
      for (const Proof& proof : bound.proofs) cost += proving_cost(network_, in_checker_terms(bound, proof));
    }
    const double ratio = session_.backend.shares_host_memory() ? speed_ratio_cpu : speed_ratio_device;
    return cost <=
           std::max(always_affordable, solving_cost(session_.chain(), session_.result.bounds) / ratio);
  }

  checker::Proof in_checker_terms(const Bound& bound, const Proof& proof) const {
    return checker_proof(proof, bound.objective, bound.norm, session_.network.outputs());
  }

  void verify(Bound& bound) {
    if (!complete(bound)) {
      give_up(bound, "the bound is the product of norms, which has no certificate");
      return;
    }
    std::vector<Proof> proved;
    double upper = 0.0;
    for (const Proof& proof : bound.proofs) {
      std::optional<Proof> found = prove(bound, proof);
      if (!found) return;
      upper = std::max(upper, found->bound);
      proved.push_back(std::move(*found));
    }
    const double plain = bound.upper;
    const bool had_met = bound.status == Status::certified;
    const bool meets = upper - bound.relaxation <= session_.settings.gap * upper;
    if (had_met && !meets) {
      give_up(bound, "the proof costs more than the gap leaves");
      return;
    }
    bound.proofs = std::move(proved);
    bound.upper = upper;
    bound.verification_loss = upper > 0.0 ? std::max(0.0, (upper - plain) / upper) : 0.0;
    if (meets) {
      bound.status = Status::verified;
      bound.reason.clear();
    }
  }

  /// Whether the proofs are about all that the bound is about. make_coordinate_proofs() sees to l_1.
  bool complete(const Bound& bound) const {
    if (bound.norm == Norm::l1) return !bound.proofs.empty();
    const bool by_row = bound.norm == Norm::linf && bound.objective.kind == Objective::Kind::vector;
    return static_cast<Index>(bound.proofs.size()) == (by_row ? session_.network.outputs() : 1);
  }

  /// The proof, inflated until the checker accepts it.
  std::optional<Proof> prove(Bound& bound, const Proof& proof) {
    const auto layers = static_cast<double>(session_.chain().depth() + 3);
    double d =
        inflation_per_slack * slack_guess * 0x1p-53 * square(static_cast<double>(widest(session_.chain())));
    std::string reason;
    while (0.5 * layers * d <= largest_loss) {
      if (session_.budget.passed()) {
        give_up(bound, "the run ended before the proofs");
        return std::nullopt;
      }
      Proof candidate = proof.gamma.empty() ? proof : inflate(proof, d, bound.norm);
      if (!std::isfinite(candidate.bound)) break;
      const checker::Verdict verdict = checker::prove(network_, in_checker_terms(bound, candidate), threads_);
      if (verdict.verified) return candidate;
      reason = verdict.reason;
      if (!(verdict.slack > 0.0)) break;
      d = std::max(retry_growth * d, inflation_per_slack * verdict.slack);
    }
    give_up(bound, "the proof failed: " + reason);
    return std::nullopt;
  }

  static double square(double x) { return x * x; }

  Session& session_;
  checker::Network network_;
  int threads_;
};

}  // namespace

void prove_bounds(Session& session) {
  if (session.settings.verify == Verify::off) {
    for (Bound& bound : session.result.bounds) bound.proofs.clear();
    return;
  }
  const double start = session.budget.seconds();
  Prover(session).run();
  for (Bound& bound : session.result.bounds) bound.seconds.verification = session.budget.seconds() - start;
}

}  // namespace geolip::solve
