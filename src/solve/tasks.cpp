#include <solve/tasks.hpp>

#include <geolip/error.hpp>
#include <solve/proofs.hpp>

namespace geolip::solve {
namespace {

/// The problems of an objective, number `position` of the query.
void expand(const Objective& objective, Norm norm, Index outputs, Task task, std::vector<Task>& tasks) {
  problem::check_objective(objective, norm, outputs);
  if (objective.kind != Objective::Kind::vector) {
    task.problem.row = problem::objective_row(objective, outputs);
    tasks.push_back(std::move(task));
  } else if (norm == Norm::l2) {
    task.problem.vector = true;
    tasks.push_back(std::move(task));
  } else {
    // l_inf -> l_inf: the maximum over the rows, exactly
    for (Index k = 0; k < outputs; ++k) {
      task.problem.row = problem::Row::unit(k, outputs);
      task.row = k;
      tasks.push_back(task);
    }
  }
}

}  // namespace

void check_settings(const Settings& s) {
  const auto require = [](bool ok, const char* what) {
    if (!ok) throw QueryError(what);
  };
  require(s.gap > 0.0 && s.gap < 1.0, "gap: it must lie between 0 and 1");
  require(s.max_iterations >= 1, "max-iterations: at least one sweep is needed");
  require(s.time_limit > 0.0, "time-limit: it must be positive");
  require(s.rank >= 0, "rank: it must not be negative");
  require(s.max_rank >= 1, "max-rank: it must be at least 1");
  require(s.max_rank >= s.rank, "max-rank: it must not be smaller than rank");
  require(s.max_rank <= 4096, "max-rank: more than 4096 is not supported");
  require(s.starts >= 1, "starts: at least one is needed");
  require(s.threads >= 0, "threads: it must not be negative");
}

std::vector<Task> make_tasks(Session& session) {
  const Query& query = session.query;
  if (query.objectives.empty()) throw QueryError("query: no objective is given");
  std::vector<const SlopeOverride*> overrides;
  std::vector<Task> all;
  for (std::size_t i = 0; i < query.objectives.size(); ++i) {
    const Objective& objective = query.objectives[i];
    if (objective.slopes) overrides.push_back(&*objective.slopes);
    Task task;
    task.objective = i;
    task.problem.ball.norm = query.norm;
    task.problem.slope_set = objective.slopes ? static_cast<Index>(overrides.size()) : 0;
    if (objective.slopes) session.slope_sets.push_back(task.problem.slope_set);
    expand(objective, query.norm, session.network.outputs(), std::move(task), all);
  }
  session.slopes =
      overrides.empty() ? session.resident->slopes() : problem::make_slopes(session.chain(), overrides);
  std::vector<problem::SlopeDemand> demands;
  for (const Task& task : all) demands.push_back({task.problem.slope_set, task.problem.row});
  const std::vector<problem::SlopeAnswer> answers =
      problem::narrow_slopes(session.chain(), session.slopes, demands);
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (answers[i].connected) {
      tasks.push_back(std::move(all[i]));
      tasks.back().problem.slope_set = answers[i].set;
    } else {
      Proof& zero = session.result.bounds[all[i].objective].proofs.emplace_back();
      zero.objective_row = all[i].row;
      if (query.norm == Norm::l1) zero.coordinates = all_coordinates(session.network.inputs());
    }
  }
  return tasks;
}

}  // namespace geolip::solve
