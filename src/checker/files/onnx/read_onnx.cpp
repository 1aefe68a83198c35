// An ONNX model as a network: its nodes are followed in the order of the file, which ONNX wants to be that of
// evaluation.
#include "checker/files/onnx/batch.hpp"
#include "checker/files/onnx/constants.hpp"
#include "checker/files/onnx/fork.hpp"
#include "checker/files/onnx/operators.hpp"
#include "checker/files/slopes.hpp"

#include <algorithm>
#include <set>

namespace geolip::checker {
namespace {

using namespace onnx;

/// In the place of the number of rows where a file leaves it open: nothing else in a shape is likely to be a
/// multiple.
constexpr Index some_rows = 7919;

bool reads_shape_only(const NodeMessage& node) {
  return is_onnx_domain(node.domain) && (node.op == "Shape" || node.op == "Size");
}

class Walk {
 public:
  Walk(const Model& model, ExternalFiles& files, Budget& budget, bool logits, bool whole_batch)
      : model_(model), files_(files), budget_(budget), logits_(logits) {
    note_initializers();
    if (model.outputs.size() != 1) {
      throw ReadError("the network has " + std::to_string(model.outputs.size()) +
                      " outputs but only one is supported");
    }
    const Input& input = find_input();
    check_names(input.name);
    any_rows_ = input.dims.size() > 1 && !input.dims.front();
    if (any_rows_) rows_ = some_rows;
    if (input.dims.size() > 1 && !whole_batch) rows_ = input.dims.front().value_or(some_rows);
    graph_.emplace(input_shape(input, whole_batch), budget_);
    inputs_ = graph_->size();
    data_.emplace(input.name, graph_->at_hand());
  }

  Network network() {
    fold_constants();
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      if (live_[i]) attempt(i, [this, i](const Node& node) { step(i, node); });
    }
    const auto output = data_.find(model_.outputs.front());
    if (output == data_.end()) {
      throw ReadError("output " + in_quotes(model_.outputs.front()) + " is not computed from the input");
    }
    graph_->take_up(output->second);
    Network network;
    network.inputs = inputs_;
    network.outputs = graph_->size();
    network.layers = graph_->take_layers();
    return network;
  }

 private:
  /// Errors carry the node's name.
  template <typename Action>
  void attempt(std::size_t i, const Action& action) {
    const Node node(model_.nodes[i], model_.opset);
    try {
      action(node);
    } catch (const RowsError& error) {
      throw RowsError(node.label() + ": " + error.what());
    } catch (const ReadError& error) {
      throw ReadError(node.label() + ": " + error.what());
    }
  }

  /// Nodes of constants alone: they are known before the data are followed.
  void fold_constants() {
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      const NodeMessage& message = model_.nodes[i];
      if (!live_[i] || message.outputs.size() != 1) continue;
      const bool constants =
          std::all_of(message.inputs.begin(), message.inputs.end(),
                      [this](std::string_view name) { return name.empty() || constant(name) != nullptr; });
      if (!constants) continue;
      attempt(i, [this](const Node& node) { fold_node(node); });
      live_[i] = false;
    }
  }

  void fold_node(const Node& node) {
    std::vector<const Tensor*> inputs;
    for (const std::string_view name : node.message().inputs)
      inputs.push_back(name.empty() ? nullptr : constant(name));
    constants_.emplace(node.message().outputs.front(), fold(node, inputs, files_, budget_));
    count_rows(node);
  }

  /// Constants that shapes of data are in, once more with all rows of the batch counted. Entries are repeated
  /// for one row only, as the data are.
  void count_rows(const Node& node) {
    constexpr Index most_entries = Index{1} << 20;
    const NodeMessage& message = node.message();
    if (std::none_of(message.inputs.begin(), message.inputs.end(),
                     [this](std::string_view name) { return from_shape_.contains(name); })) {
      return;
    }
    std::optional<Tensor>& result = from_shape_[message.outputs.front()];
    std::vector<const Tensor*> inputs;
    for (std::size_t k = 0; k < message.inputs.size(); ++k) {
      const std::string_view name = message.inputs[k];
      const bool says_how_often =
          (message.op == "ConstantOfShape" && k == 0) || (message.op == "Expand" && k == 1);
      inputs.push_back(nullptr);
      if (name.empty()) continue;
      inputs.back() = says_how_often ? constant(name) : counted(name);
      if (inputs.back() == nullptr || inputs.back()->size() > most_entries) return;
    }
    try {
      result = fold(node, inputs, files_, budget_);
    } catch (const ReadError&) {
      result.reset();
    }
  }

  /// A constant with all rows of the batch counted; null if that is not known.
  const Tensor* counted(std::string_view name) {
    const auto known = from_shape_.find(name);
    if (known == from_shape_.end()) return constant(name);
    return known->second ? &*known->second : nullptr;
  }

  void note_initializers() {
    for (const TensorMessage& tensor : model_.initializers) {
      if (!initializers_.emplace(tensor.name, &tensor).second) {
        throw ReadError("initialiser " + in_quotes(tensor.name) + " is defined twice");
      }
    }
  }

  /// Whether a node reads the name, or it is the output.
  bool is_read(std::string_view name) const {
    return name == model_.outputs.front() ||
           std::any_of(model_.nodes.begin(), model_.nodes.end(), [name](const NodeMessage& node) {
             return std::find(node.inputs.begin(), node.inputs.end(), name) != node.inputs.end();
           });
  }

  const Input& find_input() const {
    const Input* found = nullptr;
    for (const Input& input : model_.inputs) {
      // old files list the initialisers among the inputs as well
      if (initializers_.contains(input.name)) continue;
      // of several inputs those count that are read
      if (found != nullptr && !is_read(input.name)) continue;
      if (found != nullptr && !is_read(found->name)) found = nullptr;
      if (found != nullptr) throw ReadError("the network has several inputs but only one is supported");
      found = &input;
    }
    if (found == nullptr) throw ReadError("the network has no input");
    return *found;
  }

  static Shape input_shape(const Input& input, bool whole_batch) {
    const std::string name = "input " + in_quotes(input.name);
    if (!input.shaped) throw ReadError(name + " has no shape");
    if (!is_float(input.type)) throw ReadError(name + " is not of a float type");
    Shape shape;
    for (std::size_t i = 0; i < input.dims.size(); ++i) {
      const auto& d = input.dims[i];
      const bool batch = i == 0 && input.dims.size() > 1;
      if ((!d && !batch) || (d && *d < 1)) {
        throw ReadError(name + " has no size above zero in dimension " + std::to_string(i));
      }
      shape.push_back(!d || (batch && !whole_batch) ? 1 : *d);
    }
    element_count(shape, name);
    return shape;
  }

  /// Every name is defined once and before it is read; finds the nodes that the output depends on, and how
  /// often each tensor is read by them.
  void check_names(std::string_view input) {
    std::set<std::string_view> defined{input};
    for (const auto& [name, tensor] : initializers_) defined.insert(name);
    for (const NodeMessage& message : model_.nodes) {
      const Node node(message, model_.opset);
      if (message.outputs.empty() || message.outputs.front().empty()) {
        throw ReadError(node.label() + ": the node has no output");
      }
      for (const std::string_view name : message.inputs) {
        if (!name.empty() && !defined.contains(name)) {
          throw ReadError(node.label() + ": it reads " + in_quotes(name) +
                          ", which no node before it defines");
        }
      }
      for (const std::string_view name : message.outputs) {
        if (!name.empty() && !defined.insert(name).second) {
          throw ReadError(node.label() + ": its output " + in_quotes(name) + " is defined twice");
        }
      }
    }
    std::set<std::string_view> wanted{model_.outputs.front()};
    live_.assign(model_.nodes.size(), false);
    for (std::size_t i = model_.nodes.size(); i-- > 0;) {
      const NodeMessage& node = model_.nodes[i];
      live_[i] = std::any_of(node.outputs.begin(), node.outputs.end(),
                             [&](std::string_view name) { return !name.empty() && wanted.contains(name); });
      if (!live_[i]) continue;
      wanted.insert(node.inputs.begin(), node.inputs.end());
      if (reads_shape_only(node)) continue;
      for (const std::string_view name : node.inputs) ++reads_[name];
    }
  }

  /// The constant of this name, null if there is none.
  const Tensor* constant(std::string_view name) {
    if (const auto known = constants_.find(name); known != constants_.end()) return &known->second;
    const auto initializer = initializers_.find(name);
    if (initializer == initializers_.end()) return nullptr;
    try {
      return &constants_.emplace(name, decode(*initializer->second, files_, budget_)).first->second;
    } catch (const ReadError& error) {
      throw ReadError("initialiser " + in_quotes(name) + ": " + error.what());
    }
  }

  void step(std::size_t i, const Node& node) {
    const NodeMessage& message = node.message();
    std::vector<const Tensor*> constants;
    std::vector<const Data*> tensors;
    std::optional<std::size_t> first;  // of the inputs that are computed from the network's input
    for (std::size_t k = 0; k < message.inputs.size(); ++k) {
      const std::string_view name = message.inputs[k];
      constants.push_back(name.empty() ? nullptr : constant(name));
      tensors.push_back(nullptr);
      if (name.empty() || constants.back() != nullptr) continue;
      const auto data = data_.find(name);
      if (data == data_.end()) throw ReadError("it reads " + in_quotes(name) + ", which is not supported");
      tensors.back() = &data->second;
      if (!first) first = k;
    }
    const std::string_view output = message.outputs.front();
    const bool splits = message.op == "Split" && is_onnx_domain(message.domain);
    // of these the first output is the data
    const bool one_counts =
        message.op == "Dropout" || message.op == "BatchNormalization" || message.op == "TopK";
    if (message.outputs.size() > 1 && !one_counts && !splits) {
      throw ReadError("operator " + node.op() + " with several outputs is not supported");
    }
    if (!first) {
      fold_node(node);
      return;
    }
    if (reads_shape_only(message)) {
      node.require_inputs(1, 1);
      Shape shape = tensors.front()->shape;
      constants_.emplace(output, fold_shape(node, shape));
      if (rows_ > 1) {
        if (!shape.empty()) shape.front() *= rows_;
        from_shape_[output] = fold_shape(node, shape);
      }
      return;
    }
    find_forks(i, message.inputs[*first]);
    if (!live_[i]) return;  // it belongs to one
    graph_->take_up(*tensors[*first]);
    Step step{*graph_, node, *first, constants, tensors, files_, budget_, logits_, rows_, any_rows_, {}};
    if (rows_ > 1) {
      for (std::size_t k = 0; k < constants.size(); ++k)
        step.counted.push_back(constants[k] == nullptr ? nullptr : counted(message.inputs[k]));
      if (is_onnx_domain(message.domain)) require_rows_apart(step);
    }
    if (!splits) {
      apply_operator(step);
      if (rows_ > 1 && (message.op == "Upsample" || message.op == "Resize") && graph_->shape()[0] != 1) {
        throw ReadError("operator " + node.op() + " repeats the rows of a batch, which is not supported");
      }
      // what an operator computes is new, even where a constant leaves all as it was
      if (!keeps_elements(message.op)) graph_->make_new();
      data_.emplace(output, graph_->at_hand());
      return;
    }
    const std::vector<Data> parts = apply_split(step);
    for (std::size_t k = 0; k < parts.size(); ++k) {
      if (!message.outputs[k].empty()) data_.emplace(message.outputs[k], parts[k]);
    }
  }

  /// Activations written as several nodes that read the tensor: their nodes are done with at once.
  void find_forks(std::size_t first, std::string_view x) {
    if (reads_[x] < 2) return;
    // a constant that a batch's shape decides may be another number with more rows
    const std::function<const Tensor*(std::string_view)> known = [this](std::string_view name) {
      return from_shape_.contains(name) ? nullptr : constant(name);
    };
    const Data& data = data_.at(x);
    while (const auto fork =
               find_fork(x, data.shape.size(), first, {model_.nodes, live_, model_.opset, reads_, known})) {
      graph_->take_up(data);
      const Node last(model_.nodes[fork->last], model_.opset);
      graph_->add_slopes(last.label(), fork->activation, fixed_slopes(fork->activation).value());
      data_.emplace(last.message().outputs.front(), graph_->at_hand());
      for (const std::size_t i : fork->nodes) live_[i] = false;
    }
  }

  const Model& model_;
  ExternalFiles& files_;
  Budget& budget_;
  bool logits_;

  std::map<std::string_view, const TensorMessage*> initializers_;
  std::map<std::string_view, Tensor> constants_;
  std::map<std::string_view, Data> data_;    ///< all tensors computed from the input so far
  std::map<std::string_view, Index> reads_;  ///< how often a tensor is read, but for its shape
  std::vector<bool> live_;                   ///< nodes that are left to do
  /// Constants that the shapes of a batch's data decide, as counted() has them.
  std::map<std::string_view, std::optional<Tensor>> from_shape_;
  Index rows_ = 1;  ///< of the batch that the first dimension is and which is read as one; 1: it is none
  bool any_rows_ = false;  ///< the file leaves their number open

  std::optional<Graph> graph_;
  Index inputs_ = 0;
};

/// Whether the input's first dimension is a number above one that could be that of a batch.
bool may_be_batch(const Model& model) {
  return std::any_of(model.inputs.begin(), model.inputs.end(), [](const Input& input) {
    return input.dims.size() > 1 && input.dims.front().value_or(0) > 1;
  });
}

Network read_model(const Model& model, Bytes file, const Reading& reading, const ExternalData& external,
                   bool whole_batch) {
  Budget budget(file.size());
  ExternalFiles files(external, budget);
  return Walk(model, files, budget, reading.logits, whole_batch).network();
}

}  // namespace

Network read_onnx(Bytes file, const Reading& reading, const ExternalData& external) {
  const Model model = parse_model(file);
  try {
    return read_model(model, file, reading, external, true);
  } catch (const RowsError&) {
    // Taken as it stands, the input's first dimension is not that of one vector: it is a batch.
    if (!may_be_batch(model)) throw;
  }
  return read_model(model, file, reading, external, false);
}

}  // namespace geolip::checker
