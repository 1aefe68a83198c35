#include <checker/claimed_network.hpp>

#include <checker/bytes.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace geolip::checker {
namespace {

using std::to_string;

bool all_finite(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

bool has_size(const std::vector<double>& numbers, Index size) {
  return static_cast<Index>(numbers.size()) == size;
}

[[noreturn]] void refuse(const std::string& layer, const std::string& fault) {
  throw Refusal(layer + ": " + fault);
}

/// Outputs of a linear layer that reads tensors of these sizes.
struct CheckedOutputs {
  const std::string& name;
  const std::vector<Index>& sizes;

  Index inputs() const {
    if (sizes.size() != 1) refuse(name, "it reads " + to_string(sizes.size()) + " tensors and not one");
    return sizes.front();
  }
  [[noreturn]] void misfit(const char* what) const {
    refuse(name, std::string(what) + " does not fit its input of " + to_string(sizes.front()));
  }

  Index operator()(const Dense& dense) const {
    // sizes are compared by a quotient, as the product might overflow
    const auto entries = static_cast<Index>(dense.weight.size());
    if (dense.rows < 1 || dense.cols != inputs() || entries / dense.cols != dense.rows ||
        entries % dense.cols != 0)
      misfit("the weight");
    if (!all_finite(dense.weight)) refuse(name, "a weight is not finite");
    return dense.rows;
  }
  Index operator()(const Scale& scale) const {
    for (const auto* list : {&scale.lower, &scale.upper, &scale.value}) {
      if (!has_size(*list, inputs())) misfit("the scale");
      if (!all_finite(*list)) refuse(name, "a scale is not finite");
    }
    for (std::size_t i = 0; i < scale.lower.size(); ++i) {
      if (scale.lower[i] > scale.value[i] || scale.value[i] > scale.upper[i])
        refuse(name, "a scale lies outside its own enclosure");
    }
    return inputs();
  }
  Index operator()(const Permutation& permutation) const {
    const auto& source = permutation.source;
    std::vector<bool> seen(static_cast<std::size_t>(inputs()), false);
    if (static_cast<Index>(source.size()) != inputs()) misfit("the permutation");
    for (const Index i : source) {
      if (i < 0 || i >= inputs() || seen[at(i)])
        refuse(name, "the order of its outputs is no permutation of its inputs");
      seen[at(i)] = true;
    }
    return inputs();
  }
  Index operator()(const Slopes&) const { return inputs(); }
  Index operator()(const Sparse& sparse) const {
    if (sparse.cols != inputs() || sparse.rows() < 1) misfit("the weight");
    const bool counted = sparse.offset.front() == 0 &&
                         std::is_sorted(sparse.offset.begin(), sparse.offset.end()) &&
                         static_cast<Index>(sparse.column.size()) == sparse.offset.back() &&
                         sparse.value.size() == sparse.column.size();
    const bool inside = std::all_of(sparse.column.begin(), sparse.column.end(),
                                    [&](Index j) { return j >= 0 && j < sparse.cols; });
    if (!counted || !inside) refuse(name, "the rows of its weight are damaged");
    if (!all_finite(sparse.value)) refuse(name, "a weight is not finite");
    return sparse.rows();
  }
  Index operator()(const Sum& sum) const {
    if (sum.coefficients.size() != sizes.size()) refuse(name, "it has not one coefficient a tensor");
    if (!all_finite(sum.coefficients)) refuse(name, "a coefficient is not finite");
    for (const Index size : sizes) {
      if (size != sizes.front()) refuse(name, "the tensors that it adds differ in size");
    }
    return sizes.front();
  }
  Index operator()(const Concat&) const {
    Index sum = 0;
    for (const Index size : sizes) {
      if (__builtin_add_overflow(sum, size, &sum)) refuse(name, "its output is larger than any memory");
    }
    return sum;
  }
};

void check_slopes(const std::string& name, const SlopeIntervals& slopes, Index neurons) {
  if (!has_size(slopes.lower, neurons) || !has_size(slopes.upper, neurons))
    refuse(name, "the slope intervals do not fit its " + to_string(neurons) + " neurons");
  if (!all_finite(slopes.lower) || !all_finite(slopes.upper)) refuse(name, "a slope is not finite");
  for (std::size_t i = 0; i < slopes.lower.size(); ++i) {
    if (slopes.lower[i] > slopes.upper[i]) refuse(name, "a slope's lower end is above its upper end");
  }
}

}  // namespace

Index outputs_of(const Layer& layer, const std::vector<Index>& sizes) {
  return std::visit(CheckedOutputs{layer.name, sizes}, layer.op);
}

std::vector<Index> reads_of(const Network& network, std::size_t l) {
  const std::vector<Index>& reads = network.layers[l].reads;
  return reads.empty() ? std::vector<Index>{static_cast<Index>(l)} : reads;
}

std::vector<Index> sources_of(const ClaimedNetwork& claimed, Index k) {
  const Index feed = claimed.feed[at(k - 1)];
  std::vector<bool> wanted(at(feed + 1), false);
  wanted[at(feed)] = true;
  std::vector<Index> sources;
  for (Index t = feed; t >= 0; --t) {
    if (!wanted[at(t)]) continue;
    const Index block = claimed.block[at(t)];
    if (block >= 0) {
      sources.push_back(block);
      continue;
    }
    for (const Index from : reads_of(*claimed.network, at(t - 1))) wanted[at(from)] = true;
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

ClaimedNetwork claimed_network(const Network& network, const Claim& claim) {
  if (network.inputs < 1) throw Refusal("the network has no inputs");
  ClaimedNetwork claimed;
  claimed.network = &network;
  claimed.inputs = network.inputs;
  claimed.size = {network.inputs};
  claimed.block = {0};
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const Layer& layer = network.layers[l];
    std::vector<Index> sizes;
    const std::vector<Index> reads = reads_of(network, l);
    for (const Index t : reads) {
      if (t < 0 || t > static_cast<Index>(l)) refuse(layer.name, "it reads a tensor that is not there yet");
      sizes.push_back(claimed.size[at(t)]);
    }
    const Index outputs = outputs_of(layer, sizes);
    claimed.size.push_back(outputs);
    const auto* activation = std::get_if<Slopes>(&layer.op);
    if (activation == nullptr) {
      claimed.block.push_back(-1);
      continue;
    }
    const std::size_t k = claimed.slopes.size();
    SlopeIntervals slopes{activation->lower, activation->upper};
    if (k < claim.slopes.size()) slopes = claim.slopes[k];
    check_slopes(layer.name, slopes, outputs);
    claimed.slopes.push_back(std::move(slopes));
    claimed.feed.push_back(reads.front());
    claimed.block.push_back(claimed.depth());
  }
  if (!claim.slopes.empty() && claim.slopes.size() != claimed.slopes.size()) {
    throw Refusal("the claim has slopes for " + to_string(claim.slopes.size()) +
                  " activation layers, and the network has " + to_string(claimed.slopes.size()));
  }
  if (claimed.size.back() != network.outputs) {
    throw Refusal("the network's last layer has " + to_string(claimed.size.back()) + " outputs and not " +
                  to_string(network.outputs));
  }
  claimed.feed.push_back(static_cast<Index>(network.layers.size()));
  return claimed;
}

void check_claim(const Network& network, const Claim& claim) {
  if (!std::isfinite(claim.bound) || claim.bound < 0.0)
    throw Refusal("the claimed bound is no finite number of at least 0");
  if (claim.rows.empty()) throw Refusal("the claim has no objective row");
  if (claim.rows.size() > 1 && claim.norm != InputNorm::l2)
    throw Refusal("a claim about several objective rows at once is possible in l_2 alone");
  for (const auto& row : claim.rows) {
    if (!has_size(row, network.outputs)) {
      throw Refusal("an objective row has " + to_string(row.size()) + " coefficients, and the network has " +
                    to_string(network.outputs) + " outputs");
    }
    if (!all_finite(row)) throw Refusal("a coefficient of an objective row is not finite");
  }
  if (!claim.coordinates.empty() && claim.norm != InputNorm::l1)
    throw Refusal("only a claim in l_1 can be about some input coordinates");
  Index last = -1;
  for (const Index j : claim.coordinates) {
    if (j <= last || j >= network.inputs)
      throw Refusal("the claim's input coordinates are not ascending numbers of inputs");
    last = j;
  }
}

void check_counts(const ClaimedNetwork& claimed, const Claim& claim, const Multipliers& multipliers) {
  const auto gammas = claim.norm == InputNorm::l2
                          ? std::size_t{1}
                          : claimed_inputs(claimed, claim).size();  // l_inf: all inputs
  if (multipliers.gamma.size() != gammas) {
    throw Refusal("the proof has " + to_string(multipliers.gamma.size()) + " multipliers gamma and not " +
                  to_string(gammas));
  }
  if (static_cast<Index>(multipliers.lambda.size()) != claimed.depth()) {
    throw Refusal("the proof has multipliers lambda for " + to_string(multipliers.lambda.size()) +
                  " layers, and the network has " + to_string(claimed.depth()) + " activation layers");
  }
  for (Index k = 1; k <= claimed.depth(); ++k) {
    const auto count = multipliers.lambda[at(k - 1)].size();
    if (static_cast<Index>(count) != claimed.width(k)) {
      throw Refusal("the proof has " + to_string(count) + " multipliers lambda for layer " + to_string(k) +
                    ", which has " + to_string(claimed.width(k)) + " neurons");
    }
  }
}

void check_positive(const Real& multiplier, const char* name, Index layer, Index index) {
  constexpr std::int64_t largest_exponent = std::int64_t{1} << 40;
  const bool positive = std::isfinite(multiplier.significand) && multiplier.significand > 0.0;
  const bool in_range = multiplier.exponent <= largest_exponent && multiplier.exponent >= -largest_exponent;
  if (positive && in_range) return;
  std::string which = name;
  if (layer > 0) which += " of layer " + to_string(layer);
  if (index >= 0) which += "[" + to_string(index) + "]";
  throw Refusal("the multiplier " + which + (positive ? " has an exponent out of range" : " is not above 0"));
}

std::vector<Index> claimed_inputs(const ClaimedNetwork& claimed, const Claim& claim) {
  if (!claim.coordinates.empty()) return claim.coordinates;
  std::vector<Index> all(static_cast<std::size_t>(claimed.inputs));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

}  // namespace geolip::checker
