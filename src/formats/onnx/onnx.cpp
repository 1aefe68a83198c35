#include <formats/onnx/lowering.hpp>

#include <formats/reader.hpp>

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace geolip::formats {
namespace {

using namespace onnx_graph;

onnx::ModelProto parse_model(Bytes file) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    fail("the file is larger than the 2 GiB of an ONNX model; keep its weights as external data");
  onnx::ModelProto model;
  // the partial parse: the full one would report missing fields on the standard error output
  if (!model.ParsePartialFromArray(file.data(), static_cast<int>(file.size())))
    fail("this is not an ONNX model, or a damaged one");
  if (!model.has_graph() || (model.graph().node_size() == 0 && model.graph().output_size() == 0))
    fail("this is not an ONNX model: it has no graph");
  return model;
}

std::string producer_of(const onnx::ModelProto& model) {
  if (model.producer_name().empty()) return "unknown";
  return printable(model.producer_name() +
                   (model.producer_version().empty() ? "" : " " + model.producer_version()));
}

/// A name and its dimensions as the file states them, with "?" where it has no number.
std::string describe(const onnx::ValueInfoProto& value) {
  constexpr int most = 16;  // no tensor that is read has more
  std::string text = printable(value.name()) + " (";
  const auto& dims = value.type().tensor_type().shape().dim();
  for (int i = 0; i < std::min(dims.size(), most); ++i) {
    if (i > 0) text += 'x';
    text += dims[i].has_dim_value() ? std::to_string(dims[i].dim_value()) : std::string("?");
  }
  return text + (dims.size() > most ? "x...)" : ")");
}

/// Reads the graph. Without `whole_batch` a first dimension of the input counts as 1, whatever its size.
Parsed lower(const onnx::ModelProto& model, Bytes file, const std::filesystem::path& directory, bool logits,
             bool whole_batch) {
  Budget budget(file.size());
  ExternalData external(directory, budget);
  Graph graph = read_graph(model, external, budget);
  std::string batch;
  if (graph.symbolic_batch) {
    batch = "of any size, treated as 1";
  } else if (!whole_batch) {
    batch = std::to_string(graph.input_shape.front()) + ", treated as 1";
    graph.rows = graph.input_shape.front();
    graph.input_shape.front() = 1;
    graph.batch = true;
  }
  const Index opset = graph.opset;
  std::string input;
  for (const auto& value : model.graph().input()) {
    if (value.name() == graph.input) input = describe(value);
  }
  Lowering lowering(std::move(graph), external, budget, logits);
  Facts facts{{"producer", producer_of(model)},
              {"ir version", std::to_string(model.ir_version())},
              {"opset", std::to_string(opset)},
              {"nodes", std::to_string(model.graph().node_size())},
              {"input", input},
              {"output", describe(model.graph().output(0))}};
  if (!batch.empty()) facts.emplace_back("batch", batch);
  if (!lowering.dropped_softmax().empty()) facts.emplace_back("dropped", lowering.dropped_softmax());
  for (auto& fact : external.facts()) facts.push_back(std::move(fact));
  const bool rounded = lowering.rounded();
  return {lowering.take_network(), std::move(facts), external.read_files(), rounded};
}

/// Whether the input's first dimension is a number above 1 that could be a batch.
bool may_be_batch(const onnx::ModelProto& model) {
  std::unordered_set<std::string> initializers;
  for (const auto& tensor : model.graph().initializer()) initializers.insert(tensor.name());
  for (const auto& input : model.graph().input()) {
    if (initializers.contains(input.name())) continue;
    const auto& dims = input.type().tensor_type().shape().dim();
    return dims.size() > 1 && dims[0].dim_value() > 1;
  }
  return false;
}

}  // namespace

Parsed read_onnx(Bytes file, const std::filesystem::path& directory, const ReadOptions& options) {
  const onnx::ModelProto model = parse_model(file);
  try {
    return lower(model, file, directory, options.logits, true);
  } catch (const RowsError&) {
    // Taken as it stands, the input's first dimension is not that of one vector: it is a batch.
    if (!may_be_batch(model)) throw;
  }
  return lower(model, file, directory, options.logits, false);
}

}  // namespace geolip::formats
