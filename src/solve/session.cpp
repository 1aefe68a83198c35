#include <solve/session.hpp>

namespace geolip::solve {

Session::Session(Resident& resident_, const Query& query_, const Settings& settings_)
    : resident(&resident_),
      backend(resident_.backend()),
      network(resident_.network()),
      query(query_),
      settings(settings_),
      budget(settings) {
  result.device = backend.name();
  for (const Objective& objective : query.objectives) {
    Bound& bound = result.bounds.emplace_back();
    bound.objective = objective;
    bound.norm = query.norm;
  }
}

Certifiers make_certifiers(Session& session) {
  if (session.plan.sparse != nullptr) {
    session.plan.sparse->set_scaling(session.resident->scaling());
    if (session.plan.sparse->keep_numbers()) return Certifiers(*session.plan.sparse);
  }
  return {session.backend, session.resident->exact().maps, session.resident->queues(), session.slopes};
}

}  // namespace geolip::solve
