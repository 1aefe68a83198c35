#include <formats/onnx/lowering.hpp>

#include <formats/onnx/batch.hpp>

#include <formats/onnx/fold.hpp>
#include <formats/onnx/fork.hpp>
#include <formats/onnx/operators.hpp>
#include <network/at.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

bool reads_shape_only(const onnx::NodeProto& node) {
  return node.op_type() == "Shape" || node.op_type() == "Size";
}

/// Whether these are 0, 1, 2, ...
bool in_order(const std::vector<Index>& places) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] != static_cast<Index>(i)) return false;
  }
  return true;
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
      constants_(std::move(graph_.initializers)) {
  data_.shape = graph_.input_shape;
  data_.size = element_count(data_.shape, "the input");
  budget_.take(data_.size);
  data_.numbers = {new_numbers(data_.size), nullptr};
  for (const onnx::NodeProto* node : graph_.nodes) {
    if (reads_shape_only(*node)) continue;
    for (const std::string& input : node->input()) consumers_[input].push_back(node);
  }
  store(graph_.input);
  walk();
}

void Lowering::walk() {
  for (const onnx::NodeProto* proto : graph_.nodes) {
    if (absorbed_.contains(proto)) continue;
    const Node node(*proto, graph_.opset);
    try {
      step(node);
    } catch (const RowsError& error) {
      fail<RowsError>(node.name(), ": ", error.what());
    } catch (const NetworkError& error) {
      fail(node.name(), ": ", error.what());
    }
  }
  if (!known_.contains(graph_.output))
    fail("output '", printable(graph_.output), "' does not depend on the input");
  load(graph_.output);
  const Index tensor = settled();
  // the network's output is its last tensor
  if (tensor != static_cast<Index>(layers_.size())) append(printable(graph_.output), Concat{}, {tensor});
}

void Lowering::load(const std::string& name) {
  data_ = known_.at(name);
  const auto readers = consumers_.find(name);
  const bool output = name == graph_.output;
  data_.shared = data_.shared || output || (readers != consumers_.end() && readers->second.size() > 1);
}

void Lowering::store(const std::string& name) { known_.insert_or_assign(name, data_); }

void Lowering::set_output(const Node& node, int output, Data data) {
  known_.insert_or_assign(node.proto().output(output), std::move(data));
  stored_ = true;
}

void Lowering::step(const Node& node) {
  const auto& names = node.proto().input();
  const auto first = std::find_if(names.begin(), names.end(), [this](const std::string& name) {
    return !name.empty() && !constants_.contains(name);
  });
  if (first == names.end()) {
    fold_node(node);
    return;
  }
  if (shape_of_data(node)) return;
  if (!known_.contains(*first))
    fail("operator ", node.op(), " reads '", printable(*first), "', an output that is not supported");
  load(*first);
  // Activations written as several nodes that read the data: all of them at once.
  while (readers(*first).size() > 1 && lower_fork(*first)) load(*first);
  if (!absorbed_.contains(&node.proto())) lower_node(node);
}

void Lowering::fold_node(const Node& node) {
  std::vector<const Tensor*> inputs;
  for (const std::string& name : node.proto().input()) {
    inputs.push_back(name.empty() ? nullptr : &constants_.at(name));
  }
  Tensor value = fold({node, inputs, external_, budget_});
  constants_.emplace(node.output(), std::move(value));
  fold_with_all_rows(node);
}

/// The same once more for constants that come from the shape of a batch's data. What repeats entries does so
/// for one row all the same: that is what the data have.
void Lowering::fold_with_all_rows(const Node& node) {
  constexpr Index most_entries = Index{1} << 20;
  const auto& names = node.proto().input();
  const auto is_from_shape = [this](const std::string& name) { return from_shape_.contains(name); };
  if (std::none_of(names.begin(), names.end(), is_from_shape)) return;
  std::optional<Tensor>& result = from_shape_[node.output()];
  // the input that says how often
  const std::size_t as_it_is = node.op() == "ConstantOfShape" ? 0 : node.op() == "Expand" ? 1 : node.inputs();
  std::vector<const Tensor*> inputs;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    const std::string& name = names[static_cast<int>(i)];
    if (name.empty()) {
      inputs.push_back(nullptr);
      continue;
    }
    inputs.push_back(i == as_it_is ? &constants_.at(name) : with_all_rows(name));
    if (inputs.back() == nullptr || inputs.back()->size() > most_entries) return;
  }
  try {
    result = fold({node, inputs, external_, budget_});
  } catch (const NetworkError&) {
    result.reset();
  }
}

const Tensor* Lowering::with_all_rows(const std::string& name) const {
  const auto known = from_shape_.find(name);
  if (known == from_shape_.end()) return &constants_.at(name);
  return known->second ? &*known->second : nullptr;
}

bool Lowering::shape_of_data(const Node& node) {
  if (!reads_shape_only(node.proto())) return false;
  const auto known = known_.find(node.input(0));
  if (known == known_.end()) return false;
  Tensor stand_in;  // has the shape of the data and no entries
  stand_in.shape = known->second.shape;
  const Tensor* input = &stand_in;
  constants_.emplace(node.output(), fold({node, {&input, 1}, external_, budget_}));
  if (graph_.batch) {
    if (!stand_in.shape.empty()) stand_in.shape.front() *= graph_.rows;
    from_shape_[node.output()] = fold({node, {&input, 1}, external_, budget_});
  }
  return true;
}

void Lowering::lower_node(const Node& node) {
  const Operator* op = find_operator(node);
  if (op == nullptr || op->lower == nullptr) fail(not_supported(node));
  node.require_known_attributes(op->attributes);
  node.require_inputs(op->least, op->most);
  const auto& names = node.proto().input();
  const auto computed = std::count_if(names.begin(), names.end(), [this](const std::string& name) {
    return !name.empty() && !constants_.contains(name);
  });
  if (computed > 1 && !op->joins)
    fail("operator ", node.op(), " joins two computed tensors, which is not supported");
  for (const std::string& name : names) {
    const auto known = constants_.find(name);
    if (known != constants_.end() && known->second.rounded) note_rounding();
  }
  stored_ = false;
  if (graph_.batch) require_rows_apart(*this, node, op->rows_meet);
  op->lower(*this, node);
  if (graph_.batch && (node.op() == "Upsample" || node.op() == "Resize") && shape().front() != 1)
    fail("operator ", node.op(), " repeats the rows of a batch, which is not supported");
  if (stored_) return;
  // what a node computes is new, even if a constant leaves all as it was
  if (op->elements == Elements::made) data_.numbers = {new_numbers(data_.size), nullptr};
  store(node.output());
}

bool Lowering::lower_fork(const std::string& name) {
  const auto fork = match_fork(*this, name);
  if (!fork) return false;
  add_activation(Node(*fork->end, graph_.opset).name(), Activation(fork->kind));
  absorbed_.insert(fork->nodes.begin(), fork->nodes.end());
  store(fork->end->output(0));
  return true;
}

Network Lowering::take_network() {
  if (layers_.empty()) fail("the output is the input itself");
  Network network(element_count(graph_.input_shape, "the input"));
  for (Item& item : layers_) network.add(std::move(item.layer), std::move(item.tensors));
  layers_.clear();
  return network;
}

bool Lowering::is_data(const Node& node, std::size_t i) const {
  return node.has_input(i) && known_.contains(node.input(i));
}

std::vector<const onnx::NodeProto*> Lowering::readers(const std::string& name) const {
  const auto all = consumers_.find(name);
  if (all == consumers_.end()) return {};
  std::vector<const onnx::NodeProto*> left = all->second;
  std::erase_if(left, [this](const onnx::NodeProto* node) { return absorbed_.contains(node); });
  return left;
}

const onnx::NodeProto* Lowering::only_reader(const std::string& name) const {
  const auto all = consumers_.find(name);
  const bool one = name != graph_.output && all != consumers_.end() && all->second.size() == 1;
  return one ? all->second.front() : nullptr;
}

const Tensor* Lowering::fixed_constant(const std::string& name) const {
  const auto known = constants_.find(name);
  return known == constants_.end() || from_shape_.contains(name) ? nullptr : &known->second;
}

const Data& Lowering::data(const Node& node, std::size_t i) const {
  const auto known = known_.find(node.input(i));
  if (known == known_.end())
    fail("input ", i, " of operator ", node.op(), " is constant, which is not supported");
  return known->second;
}

const Tensor& Lowering::constant(const Node& node, std::size_t i, std::string_view what) const {
  const auto known = constants_.find(node.input(i));
  if (known == constants_.end())
    fail(what, " of operator ", node.op(), " is computed from the input, which is ", "not supported");
  return known->second;
}

const Tensor& Lowering::real_constant(const Node& node, std::size_t i, std::string_view what) const {
  const Tensor& tensor = constant(node, i, what);
  if (tensor.kind != Kind::real) fail(what, " is not of a float type");
  return tensor;
}

std::optional<std::vector<Index>> Lowering::list(const Node& node, const char* attribute,
                                                 std::size_t i) const {
  if (node.has_input(i)) return integer_list(constant(node, i, attribute), attribute);
  return node.integers(attribute);
}

Tensor Lowering::fold_with(const Node& node, const std::vector<const Tensor*>& inputs) {
  return fold({node, inputs, external_, budget_});
}

std::vector<double> Lowering::per_element(const Tensor& constant) {
  if (constant.kind != Kind::real) fail("a constant operand is not of a float type");
  Shape common = broadcast_shape(data_.shape, constant.shape);
  if (element_count(common, "its result") != data_.size)
    fail("a constant of ", constant.shape, " would repeat data of ", data_.shape, ", which is not supported");
  budget_.take(data_.size);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(data_.size));
  for (const Index i : broadcast_indices(constant.shape, common)) {
    values.push_back(at(constant.reals, i));
  }
  data_.shape = std::move(common);
  return values;
}

void Lowering::add_dense(const Node& node, Matrix weight, std::vector<double> bias, Shape result) {
  if (weight.rows < 1) {  // found here, before anything is computed from data without numbers
    fail("the weight has no outputs");
  }
  add_layer(node, Dense{std::move(weight), std::move(bias)}, std::move(result));
}

void Lowering::add_affine(const Node& node, std::vector<double> scale, std::vector<double> shift) {
  require_open();
  if (all_equal(scale, 1.0) && all_equal(shift, 0.0)) return;
  add_to_current(node.name(), Affine{std::move(scale), std::move(shift)});
}

void Lowering::add_shift(const Node& node, const std::vector<double>& shift) {
  require_open();
  Dense* dense = data_.tensor > 0 && !data_.shared
                     ? std::get_if<Dense>(&at(layers_, data_.tensor - 1).layer.op)
                     : nullptr;
  if (dense == nullptr) {
    add_affine(node, std::vector<double>(shift.size(), 1.0), shift);
    return;
  }
  dense->bias.resize(shift.size(), 0.0);
  for (Index i = 0; i < data_.size; ++i)
    at(dense->bias, data_.source.empty() ? i : at(data_.source, i)) += at(shift, i);
}

void Lowering::add_activation(const std::string& name, Activation activation) {
  add_to_current(name, std::move(activation));
}

void Lowering::relabel(const Node& node, const std::vector<Index>& source) {
  budget_.take(data_.size);
  if (in_order(source)) return;
  std::vector<Index> composed;
  composed.reserve(source.size());
  for (const Index i : source) composed.push_back(data_.source.empty() ? i : at(data_.source, i));
  if (in_order(composed)) composed.clear();
  data_.source = std::move(composed);
  data_.relabelled_by = node.name();
}

bool Lowering::only_relabelled_after(std::string name) const {
  // a checked graph has no cycles, so that this ends
  while (name != graph_.output) {
    const onnx::NodeProto* reader = only_reader(name);
    const Operator* op = reader == nullptr ? nullptr : find_operator(Node(*reader, graph_.opset));
    if (op == nullptr || op->elements != Elements::renamed) return false;
    name = reader->output(0);
  }
  return true;
}

void Lowering::drop_softmax(const Node& node) {
  if (!only_relabelled_after(node.output()))
    fail("operator ", node.op(), " in the middle of a network is not supported");
  if (!logits_) {
    fail("the network ends in ", node.op(), ", which is not supported; bound the logits before it ",
         "instead (--logits)");
  }
  dropped_softmax_ = node.name();
}

void Lowering::require_open() const {
  if (!dropped_softmax_.empty()) fail("a computation follows the dropped Softmax");
}

Index Lowering::settled() {
  if (!data_.source.empty()) {
    budget_.take(data_.size);
    std::vector<Index> numbers;
    for (Index i = 0; i < data_.size; ++i) numbers.push_back(data_.number(i));
    append(data_.relabelled_by, Permutation{std::move(data_.source)}, {data_.tensor});
    data_.tensor = static_cast<Index>(layers_.size());
    data_.source.clear();
    set_numbers(std::move(numbers));
    data_.shared = false;
  }
  return data_.tensor;
}

Index Lowering::settled(const Node& node, const Data& data) {
  if (data.source.empty()) return data.tensor;
  budget_.take(data.size);
  append(node.name(), Permutation{data.source}, {data.tensor});
  return static_cast<Index>(layers_.size());
}

void Lowering::append(std::string name, decltype(Layer::op) op, std::vector<Index> tensors) {
  layers_.push_back({{std::move(name), std::move(op)}, std::move(tensors)});
}

void Lowering::add_to_current(std::string name, decltype(Layer::op) op) {
  require_open();
  const Index from = settled();
  append(std::move(name), std::move(op), {from});
  data_.tensor = static_cast<Index>(layers_.size());
  data_.shared = false;
  data_.numbers = {new_numbers(data_.size), nullptr};
}

void Lowering::add_layer(const Node& node, decltype(Layer::op) op, Shape result) {
  const Index from = settled();
  add_layer(node, std::move(op), {from}, std::move(result));
}

void Lowering::add_layer(const Node& node, decltype(Layer::op) op, std::vector<Index> tensors, Shape result) {
  require_open();
  append(node.name(), std::move(op), std::move(tensors));
  data_ = {static_cast<Index>(layers_.size()), std::move(result), 0, {}, {}, false, {}};
  data_.size = element_count(data_.shape, "its result");
  data_.numbers = {new_numbers(data_.size), nullptr};
}

void Lowering::select(const Node& node, const std::vector<Index>& source, Shape result) {
  budget_.take(2 * static_cast<Index>(source.size()));
  if (source.empty()) fail("its result has no elements");
  if (static_cast<Index>(source.size()) == data_.size && in_order(source)) {
    set_shape(std::move(result));
    return;
  }
  Sparse rows;
  rows.inputs = data_.size;
  std::vector<Index> numbers;
  for (const Index j : source) {
    if (j >= 0) rows.add(j, 1.0);
    rows.end_row();
    numbers.push_back(j >= 0 ? data_.number(j) : new_numbers(1));
  }
  add_layer(node, std::move(rows), std::move(result));
  set_numbers(std::move(numbers));
}

Index Lowering::new_numbers(Index count) {
  const Index first = next_number_;
  next_number_ += count;
  return first;
}

void Lowering::set_numbers(std::vector<Index> numbers) {
  data_.numbers.listed = std::make_shared<const std::vector<Index>>(std::move(numbers));
}

}  // namespace geolip::formats::onnx_graph
