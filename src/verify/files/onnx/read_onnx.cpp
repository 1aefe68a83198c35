// An ONNX model as a chain of layers: its nodes are followed in the order of the file, which ONNX wants to be
// that of evaluation.
#include "verify/files/onnx/constants.hpp"
#include "verify/files/onnx/fork.hpp"
#include "verify/files/onnx/operators.hpp"
#include "verify/files/slopes.hpp"

#include <algorithm>
#include <set>

namespace geolip::verify {
namespace {

using namespace onnx;

bool reads_shape_only(const NodeMessage& node) {
  return is_onnx_domain(node.domain) && (node.op == "Shape" || node.op == "Size");
}

class Walk {
 public:
  Walk(const Model& model, ExternalFiles& files, Budget& budget, bool logits, bool whole_batch)
      : model_(model), files_(files), budget_(budget), logits_(logits) {
    note_initializers();
    const Input& input = find_input();
    if (model.outputs.size() != 1) {
      throw ReadError("the network has " + std::to_string(model.outputs.size()) +
                      " outputs but only one is supported");
    }
    check_names(input.name);
    chain_.emplace(input_shape(input, whole_batch), budget_);
    tip_ = input.name;
    inputs_ = chain_->size();
    shapes_.emplace(tip_, chain_->shape());
  }

  Network network() {
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      if (!live_[i]) continue;
      const Node node(model_.nodes[i], model_.opset);
      try {
        step(node);
      } catch (const RowsError& error) {
        throw RowsError(node.label() + ": " + error.what());
      } catch (const ReadError& error) {
        throw ReadError(node.label() + ": " + error.what());
      }
    }
    if (fork_ || tip_ != model_.outputs.front()) {
      throw ReadError("output " + in_quotes(model_.outputs.front()) +
                      " is not computed from the input by a chain");
    }
    Network network;
    network.inputs = inputs_;
    network.outputs = chain_->size();
    network.layers = chain_->take_layers();
    if (network.layers.empty()) throw ReadError("the output is the input itself");
    return network;
  }

 private:
  void note_initializers() {
    for (const TensorMessage& tensor : model_.initializers) {
      if (!initializers_.emplace(tensor.name, &tensor).second) {
        throw ReadError("initialiser " + in_quotes(tensor.name) + " is defined twice");
      }
    }
  }

  const Input& find_input() const {
    const Input* found = nullptr;
    for (const Input& input : model_.inputs) {
      // old files list the initialisers among the inputs as well
      if (initializers_.contains(input.name)) continue;
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

  void step(const Node& node) {
    const NodeMessage& message = node.message();
    std::vector<const Tensor*> constants;
    std::vector<std::size_t> data;  // the inputs that are computed from the network's input
    for (std::size_t i = 0; i < message.inputs.size(); ++i) {
      const std::string_view name = message.inputs[i];
      constants.push_back(name.empty() ? nullptr : constant(name));
      if (name.empty() || constants.back() != nullptr) continue;
      if (!shapes_.contains(name))
        throw ReadError("it reads " + in_quotes(name) + ", which is not supported");
      data.push_back(i);
    }
    const std::string_view output = message.outputs.front();
    if (message.outputs.size() > 1 && message.op != "Dropout" && message.op != "BatchNormalization") {
      throw ReadError("operator " + node.op() + " with several outputs is not supported");
    }
    if (data.empty()) {
      constants_.emplace(output, fold(node, constants, files_, budget_));
    } else if (reads_shape_only(message)) {
      node.require_inputs(1, 1);
      constants_.emplace(output, fold_shape(node, shapes_.at(message.inputs.front())));
    } else {
      follow(node, constants, data);
    }
  }

  /// One node on the way from the input to the output.
  void follow(const Node& node, const std::vector<const Tensor*>& constants,
              const std::vector<std::size_t>& data) {
    const std::string_view output = node.message().outputs.front();
    if (!fork_ && reads_[tip_] > 1) fork_.emplace(tip_, reads_[tip_]);
    if (fork_) {
      fork_->take(node, constants, chain_->shape().size(), reads_[output]);
      if (!fork_->activation().empty()) {
        const std::string name = fork_->activation();
        chain_->add_slopes(node.label(), name, fixed_slopes(name).value());
        fork_.reset();
        tip_ = output;
      }
    } else {
      if (data.size() != 1) {
        throw ReadError("operator " + node.op() + " joins several computed tensors, which is not supported");
      }
      if (node.message().inputs[data.front()] != tip_) {
        throw ReadError("operator " + node.op() +
                        " reads a tensor that was left behind, which is not supported");
      }
      apply_operator({*chain_, node, data.front(), constants, budget_, logits_});
      tip_ = output;
    }
    shapes_.emplace(output, chain_->shape());
  }

  const Model& model_;
  ExternalFiles& files_;
  Budget& budget_;
  bool logits_;

  std::map<std::string_view, const TensorMessage*> initializers_;
  std::map<std::string_view, Tensor> constants_;
  std::map<std::string_view, Shape> shapes_;  ///< of all tensors computed from the input so far
  std::map<std::string_view, Index> reads_;   ///< how often a tensor is read, but for its shape
  std::vector<bool> live_;
  std::optional<Fork> fork_;  ///< while the data go several ways

  std::optional<Chain> chain_;
  std::string_view tip_;  ///< the tensor at the end of the chain
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

}  // namespace geolip::verify
