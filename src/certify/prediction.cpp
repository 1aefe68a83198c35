#include <certify/prediction.hpp>

#include <certify/form.hpp>

#include <algorithm>

namespace geolip::certify {
namespace {

double number(Index n) { return static_cast<double>(n); }

/// The largest sizes of the workspace's matrices so far, in doubles.
struct Peak {
  double pivot = 0.0;
  double factor = 0.0;  ///< of each of the two
  double spare = 0.0;
  double form = 0.0;  ///< P, and what it turns into

  double doubles() const { return pivot + 2.0 * factor + spare + form; }
};

}  // namespace

// The same steps as Certifier::bound(), in sizes.
Prediction predict(const graph::Chain& chain, const std::vector<bool>& curved, Index rows) {
  Peak peak;
  Prediction prediction;
  double columns = number(rows);
  bool has_p = false;
  const auto pull_back = [&](const graph::Stage& stage) {
    const double inputs = number(stage.inputs);
    const double outputs = number(stage.outputs);
    peak.factor = std::max(peak.factor, inputs * columns);
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
    const double width = number(n);
    if (by_columns(n, static_cast<Index>(columns), eliminated < n || has_p)) {
      peak.pivot = std::max(peak.pivot, columns * columns);
      peak.factor = std::max(peak.factor, width * columns);
      prediction.multiplications += width * columns * columns;
      columns += width;
      pull_back(stage);
      continue;
    }
    peak.pivot = std::max(peak.pivot, width * width);
    prediction.multiplications += width * width * columns / 2.0 + width * width * width / 6.0;
    if (eliminated < n) peak.factor = std::max(peak.factor, width * width);
    has_p = eliminated < n || curved[static_cast<std::size_t>(k)];
    columns = width;
    pull_back(stage);
    // R N^-T
    prediction.multiplications += number(stage.inputs) * width * width / 2.0;
  }
  const double gram = has_p ? number(chain.inputs) : std::min(number(chain.inputs), columns);
  peak.pivot = std::max(peak.pivot, gram * gram);
  peak.factor = std::max(peak.factor, gram * gram);
  prediction.multiplications +=
      gram * gram * std::max(number(chain.inputs), columns) / 2.0 + gram * gram * gram / 6.0;
  prediction.bytes = 8.0 * peak.doubles();
  return prediction;
}

}  // namespace geolip::certify
