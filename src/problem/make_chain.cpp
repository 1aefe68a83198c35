// From a network's graph to a chain of stages: which activations share a layer, and what passes by.
#include <network/at.hpp>
#include <problem/chain.hpp>

#include <algorithm>
#include <map>
#include <optional>

namespace geolip::problem {
namespace {

const Activation* activation_of(const Layer& layer) { return std::get_if<Activation>(&layer.op); }

/// Which layers lead to the output.
std::vector<bool> find_needed(const Network& network) {
  const std::size_t count = network.layers().size();
  std::vector<bool> needed(count, false);
  if (count > 0) needed.back() = true;
  for (std::size_t l = count; l-- > 0;) {
    if (!needed[l]) continue;
    for (const Index t : network.read_by(static_cast<Index>(l))) {
      if (t > 0) at(needed, t - 1) = true;
    }
  }
  return needed;
}

/// The layer of neurons, from 1, that each activation belongs to; for other layers the deepest below them.
using Levels = std::vector<Index>;

/// As early as possible.
Levels early(const Network& network) {
  Levels level;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    Index deepest = 0;
    for (const Index t : network.read_by(static_cast<Index>(l)))
      deepest = std::max(deepest, t > 0 ? at(level, t - 1) : 0);
    level.push_back(deepest + (activation_of(network.layers()[l]) != nullptr ? 1 : 0));
  }
  return level;
}

/// As late as possible.
Levels late(const Network& network, const std::vector<bool>& needed) {
  const Levels earliest = early(network);
  Index depth = 0;
  for (std::size_t l = 0; l < needed.size(); ++l) depth = std::max(depth, needed[l] ? earliest[l] : 0);
  // the first layer of neurons that anything behind a tensor belongs to
  std::vector<Index> behind(needed.size() + 1, depth + 1);
  Levels level(needed.size(), 0);
  for (std::size_t l = needed.size(); l-- > 0;) {
    if (!needed[l]) continue;
    const Index own = behind[l + 1] - (activation_of(network.layers()[l]) != nullptr ? 1 : 0);
    level[l] = own;
    for (const Index t : network.read_by(static_cast<Index>(l))) at(behind, t) = std::min(at(behind, t), own);
  }
  return level;
}

/// One activation a layer.
Levels one_by_one(const Network& network, const std::vector<bool>& needed) {
  Levels level(needed.size(), 0);
  Index next = 0;
  for (std::size_t l = 0; l < needed.size(); ++l) {
    if (needed[l] && activation_of(network.layers()[l]) != nullptr) level[l] = ++next;
  }
  return level;
}

/// Makes the stages one after the other.
class Builder {
 public:
  Builder(const Network& network, const std::vector<bool>& needed, const Levels& level)
      : network_(network), needed_(needed), level_(level), done_(needed.size() + 1, false) {
    done_[0] = true;
    state_ = {0};
    chain_.inputs = network.inputs();
    readers_.resize(needed.size() + 1);
    for (std::size_t l = 0; l < needed.size(); ++l) {
      const bool activation = activation_of(network.layers()[l]) != nullptr;
      number_.push_back(activation ? static_cast<Index>(chain_.activation_sizes.size()) : -1);
      if (activation) chain_.activation_sizes.push_back(network.size(static_cast<Index>(l + 1)));
      if (!needed[l]) continue;
      if (activation) depth_ = std::max(depth_, level[l]);
      for (const Index t : network.read_by(static_cast<Index>(l))) at(readers_, t).push_back(l);
    }
  }

  Chain build() {
    for (Index k = 1; k <= depth_; ++k) add_layer(k);
    begin_stage();
    const auto output = static_cast<Index>(needed_.size());
    compute(output);
    finish_stage({output});
    return std::move(chain_);
  }

 private:
  void begin_stage() {
    stage_ = Stage();
    value_.clear();
    for (std::size_t b = 0; b < state_.size(); ++b) {
      value_[state_[b]] = b;
      stage_.sources.push_back(network_.size(state_[b]));
      stage_.inputs += stage_.sources.back();
    }
  }

  void finish_stage(const std::vector<Index>& tensors) {
    for (const Index t : tensors) {
      stage_.targets.push_back(value_.at(t));
      stage_.outputs += network_.size(t);
    }
    chain_.stages.push_back(std::move(stage_));
  }

  void add_step(std::size_t l) {
    Step step{&network_.layers()[l], {}, network_.size(static_cast<Index>(l + 1))};
    for (const Index t : network_.read_by(static_cast<Index>(l))) step.from.push_back(value_.at(t));
    value_[static_cast<Index>(l + 1)] = stage_.sources.size() + stage_.steps.size();
    stage_.steps.push_back(std::move(step));
    done_[l + 1] = true;
  }

  /// Adds the linear layers that tensor `t` is computed by and that have not been added yet.
  void compute(Index t) {
    std::vector<bool> wanted(done_.size(), false);
    at(wanted, t) = !at(done_, t);
    for (std::size_t l = static_cast<std::size_t>(t); l-- > 0;) {
      if (!wanted[l + 1]) continue;
      for (const Index from : network_.read_by(static_cast<Index>(l))) at(wanted, from) = !at(done_, from);
    }
    for (std::size_t l = 0; l < static_cast<std::size_t>(t); ++l) {
      if (wanted[l + 1]) add_step(l);
    }
  }

  /// Whether nothing that is still to be computed reads the tensor.
  bool spent(Index t) const {
    if (t == static_cast<Index>(needed_.size())) return false;
    return std::all_of(at(readers_, t).begin(), at(readers_, t).end(),
                       [&](std::size_t l) { return done_[l + 1]; });
  }

  /// Adds linear layers whose outputs take no more room than what they make superfluous.
  void compute_what_saves_room() {
    for (std::size_t l = 0; l < needed_.size(); ++l) {
      if (!needed_[l] || done_[l + 1] || activation_of(network_.layers()[l]) != nullptr) continue;
      const std::vector<Index>& reads = network_.read_by(static_cast<Index>(l));
      if (!std::all_of(reads.begin(), reads.end(), [&](Index t) { return value_.contains(t); })) continue;
      Index saved = 0;
      done_[l + 1] = true;
      for (std::size_t r = 0; r < reads.size(); ++r) {
        const bool counted = std::find(reads.begin(), reads.begin() + static_cast<std::ptrdiff_t>(r),
                                       reads[r]) != reads.begin() + static_cast<std::ptrdiff_t>(r);
        if (!counted && spent(reads[r])) saved += network_.size(reads[r]);
      }
      done_[l + 1] = false;
      if (network_.size(static_cast<Index>(l + 1)) <= saved) add_step(l);
    }
  }

  void add_layer(Index k) {
    begin_stage();
    std::vector<std::size_t> activations;
    for (std::size_t l = 0; l < needed_.size(); ++l) {
      if (!needed_[l] || level_[l] != k || activation_of(network_.layers()[l]) == nullptr) continue;
      activations.push_back(l);
      compute(network_.read_by(static_cast<Index>(l)).front());
    }
    for (const std::size_t l : activations) done_[l + 1] = true;
    compute_what_saves_room();

    std::vector<Block> blocks;
    std::vector<Index> read;
    std::vector<Index> next;
    Index rows = 0;
    const auto add_block = [&](Block block, Index tensor, Index becomes) {
      block.first = rows;
      block.neurons = network_.size(tensor);
      rows += block.neurons;
      blocks.push_back(block);
      read.push_back(tensor);
      next.push_back(becomes);
    };
    for (const std::size_t l : activations) {
      add_block({activation_of(network_.layers()[l]), number_[l], 0, 0, -1},
                network_.read_by(static_cast<Index>(l)).front(), static_cast<Index>(l + 1));
    }
    for (const auto& [tensor, value] : value_) {
      if (spent(tensor)) continue;
      const bool copy = value < stage_.sources.size();
      add_block({nullptr, -1, 0, 0, copy ? static_cast<Index>(value) : -1}, tensor, tensor);
    }
    finish_stage(read);
    chain_.layers.push_back(std::move(blocks));
    state_ = std::move(next);
  }

  const Network& network_;
  const std::vector<bool>& needed_;
  const Levels& level_;
  std::vector<bool> done_;                         ///< by tensor
  std::vector<std::vector<std::size_t>> readers_;  ///< layers that are needed, by tensor
  std::vector<Index> number_;                      ///< of the activation, by layer
  Index depth_ = 0;
  std::vector<Index> state_;            ///< the tensors that the stage's input is made of
  std::map<Index, std::size_t> value_;  ///< of every tensor that is there in the stage
  Stage stage_;
  Chain chain_;
};

/// Multiplications that it takes to eliminate the layers, about. How they are counted matters little: it is asked
/// where tensors pass by, and there the ways differ by much.
double elimination_work(const Chain& chain) {
  double work = 0.0;
  for (Index k = 0; k < chain.depth(); ++k) {
    const auto eliminated = static_cast<double>(chain.neurons(k));
    const auto rows = static_cast<double>(at(chain.stages, k).outputs);
    // the factor of K, its solve for every row, and the form itself
    work += eliminated * eliminated * eliminated / 3.0 + rows * rows * (rows + eliminated);
  }
  return work;
}

}  // namespace

Chain make_chain(const Network& network) {
  const std::vector<bool> needed = find_needed(network);
  std::optional<Chain> best;
  for (const Levels& levels : {early(network), late(network, needed), one_by_one(network, needed)}) {
    Chain chain = Builder(network, needed, levels).build();
    if (!best || elimination_work(chain) < elimination_work(*best)) best = std::move(chain);
    if (!best->passes_by()) break;  // there is no other way
  }
  return std::move(*best);
}

double multiplications(const Stage& stage) {
  const auto number = [](Index n) { return static_cast<double>(n); };
  const auto convolved = [&](const Conv& conv) {
    return number(static_cast<Index>(conv.weight.size())) * number(conv.output(0) * conv.output(1));
  };
  double work = 0.0;
  for (const Step& step : stage.steps) {
    if (const auto* dense = std::get_if<Dense>(&step.layer->op)) {
      work += number(dense->weight.rows) * number(dense->weight.cols);
    } else if (const auto* conv = std::get_if<Conv>(&step.layer->op)) {
      work += convolved(*conv);
    } else if (const auto* transpose = std::get_if<ConvTranspose>(&step.layer->op)) {
      work += convolved(transpose->conv);
    } else {
      work += number(step.size);
    }
  }
  return work;
}

}  // namespace geolip::problem
