#include <geolip/error.hpp>
#include <geolip/query.hpp>
#include <geolip/result.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace geolip {
namespace {

/// A part of the list in quotes, made fit for a line of text.
std::string quoted(std::string_view part) {
  constexpr std::size_t longest = 40;
  std::string text(part.substr(0, longest));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return "'" + text + (part.size() > longest ? "...'" : "'");
}

/// Reads an output index below `outputs`; throws QueryError naming `part`.
Index parse_output(std::string_view text, std::string_view part, Index outputs) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') {
    throw QueryError("outputs: " + quoted(part) + " is none of all, pairs, vector, K, K-J");
  }
  if (value >= outputs) {
    throw QueryError("outputs: " + quoted(part) + " names output " + std::to_string(value) +
                     " but the network's outputs are 0 to " + std::to_string(outputs - 1));
  }
  return value;
}

/// Refuses what would make the list too long. Each objective becomes a row with a coefficient for every
/// output, so that both numbers count.
void require_room(std::string_view part, Index have, Index more, Index outputs) {
  constexpr Index most_coefficients = Index{1} << 30;
  constexpr Index most_objectives = Index{1} << 20;
  const Index most = std::clamp(most_coefficients / outputs, Index{1}, most_objectives);
  if (more > most - have) {
    const Index total = have + std::min(more, std::numeric_limits<Index>::max() - have);
    throw QueryError("outputs: " + quoted(part) + " brings the list to " + std::to_string(total) +
                     " objectives, but of a network with " + std::to_string(outputs) + " outputs at most " +
                     std::to_string(most) + " can be bounded at once");
  }
}

/// k (k - 1) / 2, or the largest Index if that is no Index.
Index pair_count(Index k) {
  Index twice = 0;
  return __builtin_mul_overflow(k, k - 1, &twice) ? std::numeric_limits<Index>::max() : twice / 2;
}

void parse_part(std::string_view part, Index outputs, std::vector<Objective>& objectives) {
  const auto room = [&](Index more) {
    require_room(part, static_cast<Index>(objectives.size()), more, outputs);
  };
  if (part == "all") {
    room(outputs);
    for (Index k = 0; k < outputs; ++k) objectives.push_back(Objective::output(k));
  } else if (part == "pairs") {
    if (outputs < 2) {
      throw QueryError("outputs: 'pairs' needs at least two outputs but the network has one");
    }
    room(pair_count(outputs));
    for (Index k = 0; k < outputs; ++k) {
      for (Index j = k + 1; j < outputs; ++j) objectives.push_back(Objective::margin(k, j));
    }
  } else if (part == "vector") {
    room(1);
    objectives.push_back(Objective::vector());
  } else if (const auto dash = part.find('-'); dash != std::string_view::npos && dash > 0) {
    const Index k = parse_output(part.substr(0, dash), part, outputs);
    const std::string_view second = part.substr(dash + 1);
    const Index j = second.empty() ? -1 : parse_output(second, part, outputs);
    if (j < 0 || j == k) {
      throw QueryError("outputs: " + quoted(part) + " is not a difference of two outputs");
    }
    room(1);
    objectives.push_back(Objective::margin(k, j));
  } else {
    if (part.empty()) {
      throw QueryError("outputs: an entry is empty");
    }
    const Index k = parse_output(part, part, outputs);
    room(1);
    objectives.push_back(Objective::output(k));
  }
}

}  // namespace

std::string_view to_string(Norm norm) {
  switch (norm) {
    case Norm::linf:
      return "linf";
    case Norm::l2:
      return "l2";
    case Norm::l1:
      return "l1";
  }
  return "unknown";
}

Norm norm_from_name(std::string_view name) {
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    if (to_string(norm) == name) return norm;
  }
  throw QueryError("norm '" + std::string(name) + "' is not known (linf, l2, l1)");
}

std::string_view to_string(Status status) {
  switch (status) {
    case Status::verified:
      return "verified";
    case Status::certified:
      return "certified";
    case Status::limit:
      return "limit";
    case Status::failed:
      return "failed";
  }
  return "unknown";
}

Objective Objective::output(Index k) {
  Objective objective;
  objective.kind = Kind::output;
  objective.k = k;
  return objective;
}

Objective Objective::margin(Index k, Index j) {
  Objective objective;
  objective.kind = Kind::margin;
  objective.k = k;
  objective.j = j;
  return objective;
}

Objective Objective::weighted(std::vector<double> row) {
  Objective objective;
  objective.kind = Kind::row;
  objective.row = std::move(row);
  return objective;
}

Objective Objective::vector() {
  Objective objective;
  objective.kind = Kind::vector;
  return objective;
}

std::string to_string(const Objective& objective) {
  switch (objective.kind) {
    case Objective::Kind::output:
      return std::to_string(objective.k);
    case Objective::Kind::margin:
      return std::to_string(objective.k) + "-" + std::to_string(objective.j);
    case Objective::Kind::row:
      return "row";
    case Objective::Kind::vector:
      return "vector";
  }
  return "unknown";
}

std::vector<Objective> parse_objectives(std::string_view text, Index outputs) {
  std::vector<Objective> objectives;
  while (true) {
    const auto comma = text.find(',');
    parse_part(text.substr(0, comma), outputs, objectives);
    if (comma == std::string_view::npos) return objectives;
    text.remove_prefix(comma + 1);
  }
}

double Bound::gap() const {
  if (std::isinf(upper)) return 1.0;
  return upper > 0.0 ? (upper - relaxation) / upper : 0.0;
}

bool Result::certified() const {
  return std::all_of(bounds.begin(), bounds.end(), [](const Bound& b) {
    return b.status == Status::verified || b.status == Status::certified;
  });
}

bool Result::failed() const {
  return std::any_of(bounds.begin(), bounds.end(), [](const Bound& b) { return b.status == Status::failed; });
}

}  // namespace geolip
