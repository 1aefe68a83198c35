#include "formats/onnx/graph.hpp"

#include <geolip/error.hpp>

#include <algorithm>
#include <queue>

namespace geolip::formats::onnx_graph {
namespace {

bool is_onnx_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string label(const onnx::NodeProto& node) { return Node(node, 0).name(); }

std::string in_quotes(const std::string& name) { return "'" + printable(name) + "'"; }

// What an operator means may change in a later version. So far none that is read has, up to this one.
constexpr Index newest_opset = 25;

Index read_opset(const onnx::ModelProto& model) {
  for (const auto& function : model.functions()) {
    if (is_onnx_domain(function.domain())) {
      throw NetworkError("the model redefines the operator " + printable(function.name()));
    }
  }
  Index opset = 0;
  for (const auto& import : model.opset_import()) {
    if (!is_onnx_domain(import.domain())) continue;
    if (opset > 0 && import.version() != opset) {
      throw NetworkError("the model states two versions of ONNX's operators, " + std::to_string(opset) +
                         " and " + std::to_string(import.version()));
    }
    opset = import.version();
  }
  if (opset < 1) {
    // the first version of the format did without the statement and meant version 1
    if (model.ir_version() < 3) return 1;
    throw NetworkError("the model does not state its version of ONNX's operators");
  }
  if (opset > newest_opset) {
    throw NetworkError("the model states version " + std::to_string(opset) +
                       " of ONNX's operators, and the newest that is known is " +
                       std::to_string(newest_opset) +
                       "; export it with an older one, such as opset_version=18");
  }
  return opset;
}

void read_initializers(const onnx::GraphProto& proto, ExternalData& external, Budget& budget, Graph& graph) {
  if (proto.sparse_initializer_size() > 0) {
    throw NetworkError("initialiser " + in_quotes(proto.sparse_initializer(0).values().name()) +
                       " is sparse, which is not supported");
  }
  for (const auto& tensor : proto.initializer()) {
    try {
      Tensor value = decode(tensor, external);
      budget.take(value.size());
      if (!graph.initializers.emplace(tensor.name(), std::move(value)).second) {
        throw NetworkError("it is defined twice");
      }
    } catch (const NetworkError& error) {
      throw NetworkError("initialiser " + in_quotes(tensor.name()) + ": " + error.what());
    }
  }
}

/// The shape of the graph's input; a first dimension without a number is the batch.
void read_input_shape(const onnx::ValueInfoProto& input, Graph& graph) {
  const std::string name = "input " + in_quotes(input.name());
  if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape()) {
    throw NetworkError(name + " has no shape");
  }
  const auto& type = input.type().tensor_type();
  if (!is_float(type.elem_type())) {
    throw NetworkError(name + " is of type " + type_name(type.elem_type()) + " but must be a float");
  }
  const auto& dims = type.shape().dim();
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i].has_dim_value()) {
      if (dims[i].dim_value() < 1) {
        throw NetworkError(name + " has the size " + std::to_string(dims[i].dim_value()) + " in dimension " +
                           std::to_string(i));
      }
      graph.input_shape.push_back(dims[i].dim_value());
    } else if (i == 0 && dims.size() > 1) {
      graph.symbolic_batch = true;
      graph.batch = true;
      graph.rows = some_rows;
      graph.input_shape.push_back(1);
    } else {
      throw NetworkError(name + " has no number for its size in dimension " + std::to_string(i));
    }
  }
  element_count(graph.input_shape, name);
}

/// The names that nodes read, or that are the output.
std::unordered_set<std::string> names_read(const onnx::GraphProto& proto) {
  std::unordered_set<std::string> names;
  for (const auto& node : proto.node()) names.insert(node.input().begin(), node.input().end());
  for (const auto& output : proto.output()) names.insert(output.name());
  return names;
}

void read_ends(const onnx::GraphProto& proto, Graph& graph) {
  const std::unordered_set<std::string> read = names_read(proto);
  const onnx::ValueInfoProto* input = nullptr;
  for (const auto& candidate : proto.input()) {
    // Old files list the initialisers among the inputs as well.
    if (graph.initializers.contains(candidate.name())) continue;
    // An input that nothing reads counts only where there is no other.
    if (input != nullptr && !read.contains(candidate.name())) continue;
    if (input != nullptr && read.contains(input->name())) {
      throw NetworkError("the network has several inputs (" + in_quotes(input->name()) + ", " +
                         in_quotes(candidate.name()) + ") but only one is supported");
    }
    input = &candidate;
  }
  if (input == nullptr) {
    throw NetworkError("the network has no input");
  }
  graph.input = input->name();
  read_input_shape(*input, graph);
  if (proto.output_size() != 1) {
    throw NetworkError(proto.output_size() == 0
                           ? std::string("the network has no output")
                           : "the network has several outputs (" + in_quotes(proto.output(0).name()) + ", " +
                                 in_quotes(proto.output(1).name()) + ") but only one is supported");
  }
  graph.output = proto.output(0).name();
}

/// Which node defines each name.
std::unordered_map<std::string, int> find_producers(const onnx::GraphProto& proto, const Graph& graph) {
  std::unordered_map<std::string, int> producers;
  for (int n = 0; n < proto.node_size(); ++n) {
    const auto& node = proto.node(n);
    if (node.output_size() == 0 || node.output(0).empty()) {
      throw NetworkError(label(node) + ": the node has no output");
    }
    for (const std::string& output : node.output()) {
      if (output.empty()) continue;
      if (output == graph.input || graph.initializers.contains(output) ||
          !producers.emplace(output, n).second) {
        throw NetworkError(label(node) + ": its output " + in_quotes(output) + " is defined twice");
      }
    }
  }
  return producers;
}

/// The nodes' indices such that each comes after those that it reads from.
std::vector<int> sort(const onnx::GraphProto& proto, const Graph& graph,
                      const std::unordered_map<std::string, int>& producers) {
  std::vector<std::vector<int>> successors(static_cast<std::size_t>(proto.node_size()));
  std::vector<int> waits(static_cast<std::size_t>(proto.node_size()), 0);
  for (int n = 0; n < proto.node_size(); ++n) {
    for (const std::string& input : proto.node(n).input()) {
      if (input.empty() || input == graph.input || graph.initializers.contains(input)) continue;
      const auto producer = producers.find(input);
      if (producer == producers.end()) {
        throw NetworkError(label(proto.node(n)) + ": it reads " + in_quotes(input) +
                           ", which nothing defines");
      }
      successors[static_cast<std::size_t>(producer->second)].push_back(n);
      ++waits[static_cast<std::size_t>(n)];
    }
  }
  // lowest index first: a file that is in order keeps its order
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int n = 0; n < proto.node_size(); ++n) {
    if (waits[static_cast<std::size_t>(n)] == 0) ready.push(n);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int n = ready.top();
    ready.pop();
    order.push_back(n);
    for (const int next : successors[static_cast<std::size_t>(n)]) {
      if (--waits[static_cast<std::size_t>(next)] == 0) ready.push(next);
    }
  }
  if (order.size() != waits.size()) {
    const auto stuck = std::find_if(waits.begin(), waits.end(), [](int w) { return w > 0; });
    throw NetworkError(label(proto.node(static_cast<int>(stuck - waits.begin()))) +
                       ": the graph has a cycle here");
  }
  return order;
}

/// Nodes that the output does not depend on are left out if they are constant; a computation from the input
/// that leads nowhere is refused, because it is not what the file's author meant.
void keep_live(const onnx::GraphProto& proto, const std::vector<int>& order, Graph& graph) {
  std::unordered_set<std::string> wanted{graph.output};
  std::vector<bool> live(order.size(), false);
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto& node = proto.node(order[i]);
    live[i] = std::any_of(node.output().begin(), node.output().end(),
                          [&](const std::string& name) { return !name.empty() && wanted.contains(name); });
    if (live[i]) wanted.insert(node.input().begin(), node.input().end());
  }
  std::unordered_set<std::string> data{graph.input};     // computed from the input's values
  std::unordered_set<std::string> related{graph.input};  // or from its shape
  std::vector<const onnx::NodeProto*> dependent;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& node = proto.node(order[i]);
    const auto reads = [&](const std::unordered_set<std::string>& names) {
      return std::any_of(node.input().begin(), node.input().end(),
                         [&](const std::string& name) { return !name.empty() && names.contains(name); });
    };
    const bool shape_only = node.op_type() == "Shape" || node.op_type() == "Size";
    if (reads(data) && !shape_only) {
      data.insert(node.output().begin(), node.output().end());
      if (!live[i]) {
        throw NetworkError(label(node) + ": operator " + printable(node.op_type()) +
                           " computes from the input what the output does not use");
      }
    }
    const bool depends = reads(related);
    if (depends) related.insert(node.output().begin(), node.output().end());
    if (!live[i]) continue;
    (depends ? dependent : graph.nodes).push_back(&node);
  }
  graph.nodes.insert(graph.nodes.end(), dependent.begin(), dependent.end());
}

}  // namespace

Graph read_graph(const onnx::ModelProto& model, ExternalData& external, Budget& budget) {
  const onnx::GraphProto& proto = model.graph();
  Graph graph;
  graph.opset = read_opset(model);
  read_initializers(proto, external, budget, graph);
  read_ends(proto, graph);
  const auto producers = find_producers(proto, graph);
  if (graph.output != graph.input && !producers.contains(graph.output)) {
    throw NetworkError("output " + in_quotes(graph.output) + " is defined by no node");
  }
  keep_live(proto, sort(proto, graph, producers), graph);
  return graph;
}

}  // namespace geolip::formats::onnx_graph
