#include "io/onnx/lowering.hpp"

#include "io/onnx/fold.hpp"
#include "io/onnx/fork.hpp"
#include "io/onnx/operators.hpp"

#include <algorithm>

namespace geolip::io::onnx_graph {
namespace {

bool reads_shape_only(const onnx::NodeProto& node) {
  return node.op_type() == "Shape" || node.op_type() == "Size";
}

bool all_equal(const std::vector<double>& values, double to) {
  return std::all_of(values.begin(), values.end(), [to](double v) { return v == to; });
}

}  // namespace

Lowering::Lowering(Graph graph, ExternalData& external, Budget& budget, bool logits)
    : graph_(std::move(graph)),
      external_(external),
      budget_(budget),
      logits_(logits),
      constants_(std::move(graph_.initializers)),
      tip_(graph_.input),
      shape_(graph_.input_shape),
      size_(element_count(shape_, "the input")) {
  budget_.take(size_);
  data_shapes_.emplace(tip_, shape_);
  for (const onnx::NodeProto* node : graph_.nodes) {
    if (reads_shape_only(*node)) continue;
    for (const std::string& input : node->input()) consumers_[input].push_back(node);
  }
  walk();
}

void Lowering::walk() {
  for (const onnx::NodeProto* proto : graph_.nodes) {
    if (absorbed_.contains(proto)) continue;
    const Node node(*proto, graph_.opset);
    try {
      step(node);
    } catch (const RowsError& error) {
      throw RowsError(node.name() + ": " + error.what());
    } catch (const NetworkError& error) {
      throw NetworkError(node.name() + ": " + error.what());
    }
  }
  if (tip_ != graph_.output) {
    throw NetworkError("output '" + printable(graph_.output) + "' does not depend on the input");
  }
  flush_relabelling();
}

void Lowering::step(const Node& node) {
  const auto& names = node.proto().input();
  const auto computed = std::count_if(names.begin(), names.end(), [this](const std::string& name) {
    return !name.empty() && !constants_.contains(name);
  });
  if (computed == 0) {
    fold_node(node);
  } else if (!shape_of_data(node) && !(consumers_[tip_].size() > 1 && lower_fork())) {
    if (computed > 1 && find_operator(node) != nullptr) {
      throw NetworkError("operator " + node.op() + " joins two computed tensors, which is not supported");
    }
    lower_node(node);
  }
}

void Lowering::fold_node(const Node& node) {
  std::vector<const Tensor*> inputs;
  for (const std::string& name : node.proto().input()) {
    inputs.push_back(name.empty() ? nullptr : &constants_.at(name));
  }
  Tensor value = fold({node, inputs, external_, budget_});
  constants_.emplace(node.output(), std::move(value));
}

bool Lowering::shape_of_data(const Node& node) {
  if (!reads_shape_only(node.proto())) return false;
  const auto known = data_shapes_.find(node.input(0));
  if (known == data_shapes_.end()) return false;
  Tensor stand_in;  // has the shape of the data and no entries
  stand_in.shape = known->second;
  const Tensor* input = &stand_in;
  constants_.emplace(node.output(), fold({node, {&input, 1}, external_, budget_}));
  return true;
}

void Lowering::lower_node(const Node& node) {
  const DataOperator* op = find_operator(node);
  if (op == nullptr) {
    throw NetworkError(not_supported(node));
  }
  node.require_known_attributes(op->attributes);
  node.require_inputs(op->least, op->most);
  const auto& names = node.proto().input();
  if (std::find(names.begin(), names.end(), tip_) == names.end()) {
    throw NetworkError("operator " + node.op() + " reads a tensor that another branch has left behind; " +
                       "branches are not supported");
  }
  if (const auto count = consumers_[tip_].size(); count > 1) {
    throw NetworkError("operator " + node.op() + " reads '" + printable(tip_) + "' as one of " +
                       std::to_string(count) + " nodes; branches are not supported");
  }
  for (const std::string& name : names) {
    const auto known = constants_.find(name);
    if (known != constants_.end() && known->second.rounded) note_rounding();
  }
  op->lower(*this, node);
  tip_ = node.output();
  data_shapes_.emplace(tip_, shape_);
}

bool Lowering::lower_fork() {
  const auto fork = ForkMatcher(*this).match();
  if (!fork) return false;
  add_activation(Node(*fork->end, graph_.opset).name(), make_activation(fork->kind));
  absorbed_.insert(fork->nodes.begin(), fork->nodes.end());
  tip_ = fork->end->output(0);
  data_shapes_.emplace(tip_, shape_);
  return true;
}

Network Lowering::take_network() {
  if (layers_.empty()) {
    throw NetworkError("the output is the input itself");
  }
  Network network(element_count(graph_.input_shape, "the input"));
  for (Layer& layer : layers_) network.add(std::move(layer));
  layers_.clear();
  return network;
}

bool Lowering::is_data(const Node& node, std::size_t i) const {
  return node.has_input(i) && node.input(i) == tip_;
}

const Tensor& Lowering::constant(const Node& node, std::size_t i, std::string_view what) const {
  const auto known = constants_.find(node.input(i));
  if (known == constants_.end()) {
    throw NetworkError(std::string(what) + " of operator " + node.op() +
                       " is computed from the input, which is " + "not supported");
  }
  return known->second;
}

std::vector<double> Lowering::per_element(const Tensor& constant) {
  if (constant.kind != Kind::real) {
    throw NetworkError("a constant operand is not of a float type");
  }
  Shape common = broadcast_shape(shape_, constant.shape);
  if (element_count(common, "its result") != size_) {
    throw NetworkError("a constant of " + dimensions(constant.shape) + " would repeat data of " +
                       dimensions(shape_) + ", which is not supported");
  }
  budget_.take(size_);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(size_));
  for (const Index i : broadcast_indices(constant.shape, common)) {
    values.push_back(constant.reals[static_cast<std::size_t>(i)]);
  }
  shape_ = std::move(common);
  return values;
}

void Lowering::add_dense(const Node& node, Matrix weight, std::vector<double> bias, Shape result) {
  const Index rows = weight.rows;
  if (rows < 1) {  // found here, before anything is computed from data without numbers
    throw NetworkError("the weight has no outputs");
  }
  add_layer(node.name(), Dense{std::move(weight), std::move(bias)});
  size_ = rows;
  shape_ = std::move(result);
}

void Lowering::add_affine(const Node& node, std::vector<double> scale, std::vector<double> shift) {
  require_open();
  if (all_equal(scale, 1.0) && all_equal(shift, 0.0)) return;
  add_layer(node.name(), Affine{std::move(scale), std::move(shift)});
}

void Lowering::add_shift(const Node& node, const std::vector<double>& shift) {
  require_open();
  Dense* dense = layers_.empty() ? nullptr : std::get_if<Dense>(&layers_.back().op);
  if (dense == nullptr) {
    add_affine(node, std::vector<double>(shift.size(), 1.0), shift);
    return;
  }
  dense->bias.resize(shift.size(), 0.0);
  for (std::size_t i = 0; i < shift.size(); ++i) {
    dense->bias[source_.empty() ? i : static_cast<std::size_t>(source_[i])] += shift[i];
  }
}

void Lowering::add_activation(const std::string& name, Activation activation) {
  add_layer(name, std::move(activation));
}

void Lowering::relabel(const Node& node, const std::vector<Index>& source) {
  budget_.take(size_);
  std::vector<Index> composed;
  composed.reserve(source.size());
  bool changes = false;
  for (const Index i : source) {
    composed.push_back(source_.empty() ? i : source_[static_cast<std::size_t>(i)]);
    changes = changes || composed.back() != static_cast<Index>(composed.size()) - 1;
  }
  if (!changes) composed.clear();
  source_ = std::move(composed);
  relabelled_by_ = node.name();
}

bool Lowering::only_relabelled_after(std::string name) const {
  // a checked graph has no cycles, so that this ends
  while (name != graph_.output) {
    const auto readers = consumers_.find(name);
    if (readers == consumers_.end() || readers->second.size() != 1 ||
        !only_relabels(*readers->second.front())) {
      return false;
    }
    name = readers->second.front()->output(0);
  }
  return true;
}

void Lowering::drop_softmax(const Node& node) {
  if (!only_relabelled_after(node.output())) {
    throw NetworkError("operator " + node.op() + " in the middle of a network is not supported");
  }
  if (!logits_) {
    throw NetworkError("the network ends in " + node.op() +
                       ", which is not supported; bound the logits before it " + "instead (--logits)");
  }
  dropped_softmax_ = node.name();
}

void Lowering::require_open() const {
  if (!dropped_softmax_.empty()) {
    throw NetworkError("a computation follows the dropped Softmax");
  }
}

void Lowering::flush_relabelling() {
  if (source_.empty()) return;
  layers_.push_back({relabelled_by_, Permutation{std::move(source_)}});
  source_.clear();
}

void Lowering::add_layer(std::string name, decltype(Layer::op) op) {
  require_open();
  flush_relabelling();
  layers_.push_back({std::move(name), std::move(op)});
}

}  // namespace geolip::io::onnx_graph
