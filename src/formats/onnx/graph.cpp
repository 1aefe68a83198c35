#include <formats/onnx/graph.hpp>

#include <network/at.hpp>

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
    if (is_onnx_domain(function.domain()))
      fail("the model redefines the operator ", printable(function.name()));
  }
  Index opset = 0;
  for (const auto& import : model.opset_import()) {
    if (!is_onnx_domain(import.domain())) continue;
    if (opset > 0 && import.version() != opset)
      fail("the model states two versions of ONNX's operators, ", opset, " and ", import.version());
    opset = import.version();
  }
  if (opset < 1) {
    // the first version of the format did without the statement and meant version 1
    if (model.ir_version() < 3) return 1;
    fail("the model does not state its version of ONNX's operators");
  }
  if (opset > newest_opset) {
    fail("the model states version ", opset, " of ONNX's operators, and the newest that is known is ",
         newest_opset, "; export it with an older one, such as opset_version=18");
  }
  return opset;
}

/// The shape of the graph's input; a first dimension without a number is the batch.
void read_input_shape(const onnx::ValueInfoProto& input, Graph& graph) {
  const std::string name = "input " + in_quotes(input.name());
  if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape()) fail(name, " has no shape");
  const auto& type = input.type().tensor_type();
  if (!is_float(type.elem_type()))
    fail(name, " is of type ", type_name(type.elem_type()), " but must be a float");
  const auto& dims = type.shape().dim();
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i].has_dim_value()) {
      if (dims[i].dim_value() < 1) fail(name, " has the size ", dims[i].dim_value(), " in dimension ", i);
      graph.input_shape.push_back(dims[i].dim_value());
    } else if (i == 0 && dims.size() > 1) {
      graph.symbolic_batch = true;
      graph.batch = true;
      graph.rows = some_rows;
      graph.input_shape.push_back(1);
    } else {
      fail(name, " has no number for its size in dimension ", i);
    }
  }
  element_count(graph.input_shape, name);
}

using Names = std::unordered_set<std::string>;

/// The outputs' names and all that they are computed from.
Names names_needed(const onnx::GraphProto& proto) {
  std::unordered_map<std::string, const onnx::NodeProto*> makers;
  for (const auto& node : proto.node()) {
    for (const std::string& name : node.output()) makers.emplace(name, &node);
  }
  Names needed;
  std::vector<std::string> open;
  for (const auto& output : proto.output()) open.push_back(output.name());
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (name.empty() || !needed.insert(name).second) continue;
    const auto maker = makers.find(name);
    if (maker == makers.end()) continue;
    open.insert(open.end(), maker->second->input().begin(), maker->second->input().end());
  }
  return needed;
}

/// Reads the constants that are needed; of the others the names count.
void read_initializers(const onnx::GraphProto& proto, const Names& needed, ExternalData& external,
                       Budget& budget, Graph& graph) {
  for (const auto& tensor : proto.sparse_initializer()) {
    const std::string& name = tensor.values().name();
    if (needed.contains(name)) fail("initialiser ", in_quotes(name), " is sparse, which is not supported");
  }
  for (const auto& tensor : proto.initializer()) {
    try {
      Tensor value = needed.contains(tensor.name()) ? decode(tensor, external) : Tensor();
      budget.take(value.size());
      if (!graph.initializers.emplace(tensor.name(), std::move(value)).second) fail("it is defined twice");
    } catch (const NetworkError& error) {
      fail("initialiser ", in_quotes(tensor.name()), ": ", error.what());
    }
  }
}

void read_ends(const onnx::GraphProto& proto, const Names& needed, Graph& graph) {
  const onnx::ValueInfoProto* input = nullptr;
  for (const auto& candidate : proto.input()) {
    // Old files list the initialisers among the inputs as well.
    if (graph.initializers.contains(candidate.name())) continue;
    // An input that the output does not depend on counts only where there is no other.
    if (input != nullptr && !needed.contains(candidate.name())) continue;
    if (input != nullptr && needed.contains(input->name())) {
      fail("the network has several inputs (", in_quotes(input->name()), ", ", in_quotes(candidate.name()),
           ") but only one is supported");
    }
    input = &candidate;
  }
  if (input == nullptr) fail("the network has no input");
  graph.input = input->name();
  read_input_shape(*input, graph);
  if (proto.output_size() != 1) {
    fail(proto.output_size() == 0
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
    if (node.output_size() == 0 || node.output(0).empty()) fail(label(node), ": the node has no output");
    for (const std::string& output : node.output()) {
      if (output.empty()) continue;
      if (output == graph.input || graph.initializers.contains(output) ||
          !producers.emplace(output, n).second) {
        fail(label(node), ": its output ", in_quotes(output), " is defined twice");
      }
    }
  }
  return producers;
}

/// The nodes that the output depends on, each after those that it reads from.
std::vector<int> sort(const onnx::GraphProto& proto, const Graph& graph, const Names& needed,
                      const std::unordered_map<std::string, int>& producers) {
  std::vector<std::vector<int>> successors(static_cast<std::size_t>(proto.node_size()));
  std::vector<int> waits(static_cast<std::size_t>(proto.node_size()), -1);
  for (int n = 0; n < proto.node_size(); ++n) {
    const auto& outputs = proto.node(n).output();
    if (std::none_of(outputs.begin(), outputs.end(), [&](const auto& name) { return needed.contains(name); }))
      continue;
    at(waits, n) = 0;
    for (const std::string& input : proto.node(n).input()) {
      if (input.empty() || input == graph.input || graph.initializers.contains(input)) continue;
      const auto producer = producers.find(input);
      if (producer == producers.end())
        fail(label(proto.node(n)), ": it reads ", in_quotes(input), ", which nothing defines");
      at(successors, producer->second).push_back(n);
      ++at(waits, n);
    }
  }
  // lowest index first: a file that is in order keeps its order
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int n = 0; n < proto.node_size(); ++n) {
    if (at(waits, n) == 0) ready.push(n);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int n = ready.top();
    ready.pop();
    order.push_back(n);
    for (const int next : at(successors, n)) {
      if (--at(waits, next) == 0) ready.push(next);
    }
  }
  if (const auto stuck = std::find_if(waits.begin(), waits.end(), [](int w) { return w > 0; });
      stuck != waits.end()) {
    fail(label(proto.node(static_cast<int>(stuck - waits.begin()))), ": the graph has a cycle here");
  }
  return order;
}

/// Takes the nodes: first those that do not depend on the input.
void take_nodes(const onnx::GraphProto& proto, const std::vector<int>& order, Graph& graph) {
  Names related{graph.input};  // computed from the input's values, or its shape
  std::vector<const onnx::NodeProto*> dependent;
  for (const int n : order) {
    const auto& node = proto.node(n);
    const bool depends = std::any_of(node.input().begin(), node.input().end(), [&](const std::string& name) {
      return !name.empty() && related.contains(name);
    });
    if (depends) related.insert(node.output().begin(), node.output().end());
    (depends ? dependent : graph.nodes).push_back(&node);
  }
  graph.nodes.insert(graph.nodes.end(), dependent.begin(), dependent.end());
}

}  // namespace

Graph read_graph(const onnx::ModelProto& model, ExternalData& external, Budget& budget) {
  const onnx::GraphProto& proto = model.graph();
  Graph graph;
  graph.opset = read_opset(model);
  const Names needed = names_needed(proto);
  read_initializers(proto, needed, external, budget, graph);
  read_ends(proto, needed, graph);
  const auto producers = find_producers(proto, graph);
  if (graph.output != graph.input && !producers.contains(graph.output))
    fail("output ", in_quotes(graph.output), " is defined by no node");
  take_nodes(proto, sort(proto, graph, needed, producers), graph);
  return graph;
}

}  // namespace geolip::formats::onnx_graph
