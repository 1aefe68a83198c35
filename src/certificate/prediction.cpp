#include <certificate/prediction.hpp>
#include <network/at.hpp>

#include <certificate/form.hpp>
#include <operators/footprint.hpp>
#include <operators/linear_operator.hpp>

#include <algorithm>

namespace geolip::certificate {
namespace {

double number(Index n) { return static_cast<double>(n); }

/// The workspace's matrices for the factor R and the largest sizes, in doubles, that they have had: Form's
/// bookkeeping without the numbers.
class Factors {
 public:
  enum class Shape { none, diagonal, dense, both };

  void become(Shape shape) { shape_ = shape; }
  /// R moves to a matrix of this size.
  void move(double size) {
    if (shape_ == Shape::dense || shape_ == Shape::both) in_even_ = !in_even_;
    double& largest = in_even_ ? even_ : odd_;
    largest = std::max(largest, size);
  }
  /// A matrix that takes the place of the larger one.
  void reuse(double size) {
    double& largest = even_ > odd_ ? even_ : odd_;
    largest = std::max(largest, size);
  }
  double doubles() const { return even_ + odd_; }

 private:
  Shape shape_ = Shape::none;
  bool in_even_ = false;
  double even_ = 0.0;
  double odd_ = 0.0;
};

/// The largest sizes of the workspace's other matrices so far, in doubles.
struct Peak {
  double pivot = 0.0;
  double spare = 0.0;
  double form = 0.0;     ///< P, and what it turns into
  double passing = 0.0;  ///< what a pull-back takes and gives back

  double doubles() const { return pivot + spare + form + passing; }
};

/// Whether a diagonal factor goes through the stage in one step: at most one layer that is not diagonal.
bool is_one_step(const problem::Stage& stage) {
  const auto others = std::count_if(stage.steps.begin(), stage.steps.end(), [](const problem::Step& step) {
    return !std::holds_alternative<Affine>(step.layer->op);
  });
  return others <= 1 && stage.is_chain();
}

/// What the pull-back of a diagonal factor takes beside its result, at the most.
double diagonal_pull_back(const problem::Stage& stage) {
  // columns that are made at a time (adjoint_of_diagonal_by_columns)
  constexpr double some = 256.0;
  const auto any = [&](auto holds) {
    return std::any_of(stage.steps.begin(), stage.steps.end(),
                       [&](const problem::Step& step) { return holds(step.layer->op); });
  };
  const bool permutes = any([](const auto& op) { return std::holds_alternative<Permutation>(op); });
  const bool only_products = !any([](const auto& op) {
    return !std::holds_alternative<Dense>(op) && !std::holds_alternative<Affine>(op);
  });
  if (only_products && stage.is_chain()) return 0.0;
  const double inputs = number(stage.inputs);
  const double outputs = number(stage.outputs);
  const double parts = (inputs + outputs) * std::min(some, outputs);
  return permutes ? std::max(parts, outputs * outputs) : parts;
}

}  // namespace

// The same steps as Certifier::bound(), in sizes.
Prediction predict(const problem::Chain& chain, const std::vector<bool>& curved, Index rows, bool on_host) {
  Peak peak;
  Factors factors;
  operators::SharedRoom room(operators::most_unfolded(on_host));
  Prediction prediction;
  double columns = number(rows);
  double dense = rows > 1 ? 0.0 : columns;  // of them, those that are not of a diagonal factor
  Index widest = rows;
  bool has_p = false;
  const auto pull_back = [&](const problem::Stage& stage) {
    const double inputs = number(stage.inputs);
    const double outputs = number(stage.outputs);
    factors.move(inputs * columns);
    factors.become(Factors::Shape::dense);
    peak.passing =
        std::max(peak.passing, (dense < columns ? dense * inputs : 0.0) + diagonal_pull_back(stage));
    const double applied = is_one_step(stage) ? dense : columns;
    room.take(operators::room_of(stage), has_p ? std::max({applied, inputs, outputs}) : applied);
    prediction.multiplications += columns * problem::multiplications(stage);
    if (!has_p) return;
    peak.spare = std::max(peak.spare, inputs * outputs);
    peak.form = std::max(peak.form, outputs * outputs + inputs * outputs + inputs * inputs);
    prediction.multiplications += 2.0 * inputs * problem::multiplications(stage);
  };
  factors.move(columns);
  factors.become(rows > 1 ? Factors::Shape::diagonal : Factors::Shape::dense);
  pull_back(chain.stages.back());
  for (Index k = chain.depth(); k-- > 0;) {
    const problem::Stage& stage = at(chain.stages, k);
    const Index n = stage.outputs;
    const Index eliminated = chain.neurons(k);
    widest = std::max(widest, n);
    const double width = number(n);
    if (by_columns(n, static_cast<Index>(columns), eliminated < n || has_p)) {
      peak.pivot = std::max(peak.pivot, columns * columns);
      factors.move(width * columns);
      factors.become(Factors::Shape::both);
      prediction.multiplications += width * columns * columns;
      dense = columns;
      columns += width;
      pull_back(stage);
      continue;
    }
    peak.pivot = std::max(peak.pivot, width * width);
    prediction.multiplications += width * width * columns / 2.0 + width * width * width / 6.0;
    factors.become(eliminated < n ? Factors::Shape::none : Factors::Shape::diagonal);
    if (eliminated < n) {
      factors.move(width * width);
      factors.become(Factors::Shape::dense);
    }
    has_p = eliminated < n || at(curved, k);
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
  factors.reuse(gram * gram);
  prediction.multiplications +=
      gram * gram * std::max(number(chain.inputs), columns) / 2.0 + gram * gram * gram / 6.0;
  prediction.bytes = 8.0 * (peak.doubles() + factors.doubles() + room.numbers());
  return prediction;
}

}  // namespace geolip::certificate
