#include <certify/prediction.hpp>

#include <certify/form.hpp>
#include <graph/footprint.hpp>

#include <algorithm>

namespace geolip::certify {
namespace {

double number(Index n) { return static_cast<double>(n); }

/// The largest sizes of the workspace's matrices so far, in doubles.
struct Peak {
  double pivot = 0.0;
  double factor = 0.0;  ///< of each of the two
  double spare = 0.0;
  double form = 0.0;     ///< P, and what it turns into
  double passing = 0.0;  ///< what a pull-back takes and gives back

  double doubles() const { return pivot + 2.0 * factor + spare + form + passing; }
};

/// Whether a diagonal factor goes through the stage in one product.
bool is_product(const graph::Stage& stage) {
  const auto dense = std::count_if(stage.steps.begin(), stage.steps.end(), [](const graph::Step& step) {
    return std::holds_alternative<Dense>(step.layer->op);
  });
  return dense <= 1 && stage.is_chain() &&
         std::all_of(stage.steps.begin(), stage.steps.end(), [](const graph::Step& step) {
           return std::holds_alternative<Dense>(step.layer->op) ||
                  std::holds_alternative<Affine>(step.layer->op);
         });
}

/// What the pull-back of a diagonal factor takes beside its result, at the most.
double diagonal_pull_back(const graph::Stage& stage) {
  if (is_product(stage)) return 0.0;
  // columns that are made at a time (adjoint_of_diagonal_by_columns)
  constexpr double some = 256.0;
  const auto permutes = [](const graph::Step& step) {
    return std::holds_alternative<Permutation>(step.layer->op);
  };
  const double inputs = number(stage.inputs);
  const double outputs = number(stage.outputs);
  const double parts = (inputs + outputs) * std::min(some, outputs);
  const bool whole = std::any_of(stage.steps.begin(), stage.steps.end(), permutes);
  return whole ? std::max(parts, outputs * outputs) : parts;
}

}  // namespace

// The same steps as Certifier::bound(), in sizes.
Prediction predict(const graph::Chain& chain, const std::vector<bool>& curved, Index rows, bool on_host) {
  Peak peak;
  graph::SharedRoom room(on_host);
  Prediction prediction;
  double columns = number(rows);
  double dense = columns;  // of them, those that are not of a diagonal factor
  Index widest = rows;
  bool has_p = false;
  const auto pull_back = [&](const graph::Stage& stage) {
    const double inputs = number(stage.inputs);
    const double outputs = number(stage.outputs);
    peak.factor = std::max(peak.factor, inputs * columns);
    peak.passing =
        std::max(peak.passing, (dense < columns ? dense * inputs : 0.0) + diagonal_pull_back(stage));
    const double applied = is_product(stage) ? dense : columns;
    room.take(graph::room_of(stage), has_p ? std::max({applied, inputs, outputs}) : applied);
    prediction.multiplications += columns * graph::multiplications(stage);
    if (!has_p) return;
    peak.spare = std::max(peak.spare, inputs * outputs);
    peak.form = std::max(peak.form, outputs * outputs + inputs * outputs + inputs * inputs);
    prediction.multiplications += 2.0 * inputs * graph::multiplications(stage);
  };
  pull_back(chain.stages.back());
  for (Index k = chain.depth(); k-- > 0;) {
    const graph::Stage& stage = chain.stages[static_cast<std::size_t>(k)];
    const Index n = stage.outputs;
    const Index eliminated = chain.neurons(k);
    widest = std::max(widest, n);
    const double width = number(n);
    if (by_columns(n, static_cast<Index>(columns), eliminated < n || has_p)) {
      peak.pivot = std::max(peak.pivot, columns * columns);
      peak.factor = std::max(peak.factor, width * columns);
      prediction.multiplications += width * columns * columns;
      dense = columns;
      columns += width;
      pull_back(stage);
      continue;
    }
    peak.pivot = std::max(peak.pivot, width * width);
    prediction.multiplications += width * width * columns / 2.0 + width * width * width / 6.0;
    if (eliminated < n) peak.factor = std::max(peak.factor, width * width);
    has_p = eliminated < n || curved[static_cast<std::size_t>(k)];
    columns = width;
    dense = eliminated < n ? width : 0.0;
    pull_back(stage);
    // R N^-T
    prediction.multiplications += number(stage.inputs) * width * width / 2.0;
  }
  // diagonals of a layer in passing
  constexpr double diagonals = 8.0;
  peak.passing += diagonals * number(std::max(chain.inputs, widest));
  const double gram = has_p ? number(chain.inputs) : std::min(number(chain.inputs), columns);
  peak.pivot = std::max(peak.pivot, gram * gram);
  peak.factor = std::max(peak.factor, gram * gram);
  prediction.multiplications +=
      gram * gram * std::max(number(chain.inputs), columns) / 2.0 + gram * gram * gram / 6.0;
  prediction.bytes = 8.0 * (peak.doubles() + room.numbers());
  return prediction;
}

}  // namespace geolip::certify
