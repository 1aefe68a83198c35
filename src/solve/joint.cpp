#include <solve/joint.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::solve {
namespace {

using ascent::Ascent;
using ascent::Model;
using ascent::SweepNorms;
using certificate::Certificate;

// Columns of a state at the least: with fewer, ascents end at bad points.
constexpr Index least_columns = 16;
// Sweeps before the first check and at the most, and the growth of the distances between checks.
constexpr Index first_check = 24;
constexpr Index most_sweeps = 600;
// What those before the first check may take after the time limit.
constexpr double first_seconds = 1.0;
constexpr double check_growth = 4.0 / 3.0;
// A rise from check to check below this share of the value is the end: a joint bound is far from tight
// anyway.
constexpr double small_rise = 1e-3;
// Inflations of its multipliers.
constexpr double least_inflation = 1e-6;
constexpr double most_inflation = 1.0;
constexpr double joint_growth = 10.0;

/// Whether no more sweeps are made: after the time limit, but not before the first few, if they are quick.
bool is_late(const Session& session, Index sweep) {
  const Budget& budget = session.budget;
  if (!budget.passed()) return false;
  return budget.stopped() || sweep >= first_check ||
         budget.seconds() > session.settings.time_limit + first_seconds;
}

/// Sweeps of the joint problem, until they are good enough or time is up; what the last one left, of the
/// value itself where the ascent is about its square.
template <class T>
SweepNorms climb(const Session& session, Model<T>& model, const problem::Problem& problem) {
  const auto count = static_cast<Index>(problem.ball.coordinates.size());
  const Index each = (least_columns + count - 1) / count;
  Ascent<T> ascent(model, {problem}, {0}, each * count, session.settings.seed);
  double known = 0.0;
  Index next = first_check;
  for (Index sweep = 1; sweep <= most_sweeps; ++sweep) {
    ascent.sweep();
    if (is_late(session, sweep)) break;
    if (sweep < next) continue;
    next = static_cast<Index>(check_growth * static_cast<double>(next));
    const double value = std::sqrt(ascent.values().front());
    if (!(value - known > small_rise * value)) break;
    known = value;
  }
  SweepNorms norms = ascent.norms().front();
  norms.value = std::sqrt(norms.value);
  for (std::vector<double>& layer : norms.g) {
    for (double& g : layer) g /= 2.0 * norms.value;
  }
  norms.input = {norms.value};
  return norms;
}

}  // namespace

Index most_joint_coordinates(const Session& session) {
  // A column of the state takes more than six times what a coordinate's column of the first map does
  // (ascent::Footprint), and these are not counted where coordinates are no problems of their own.
  return std::max<Index>(1, session.plan.columns * 6 / 7);
}

std::optional<Certificate> joint_certificate(Session& session, const problem::Problem& row,
                                             const std::vector<Index>& coordinates) {
  problem::Problem problem = row;
  problem.ball.coordinates = coordinates;
  const SweepNorms norms = session.settings.precision == Precision::float64
                               ? climb(session, session.resident->exact(), problem)
                               : climb(session, session.resident->fast(), problem);
  if (!(norms.value > 0.0 && std::isfinite(norms.value))) return std::nullopt;
  const certificate::Multipliers multipliers = certificate::make_multipliers(norms, session.slopes, row);
  Certifiers certifiers = make_certifiers(session);
  const auto gives_up = [&session] { return session.budget.is_used_up(); };
  for (double d = least_inflation; d <= most_inflation; d *= joint_growth) {
    if (d > least_inflation && session.budget.passed()) return std::nullopt;
    std::optional<Certificate> certificate;
    certifiers.run(1, [&](Index, certificate::Certifier& certifier) {
      certificate = certifier.certify(problem, multipliers, d, gives_up);
    });
    if (certificate) return certificate;
  }
  return std::nullopt;
}

}  // namespace geolip::solve
