#include "checker/files/onnx/fork.hpp"

#include <algorithm>

namespace geolip::checker::onnx {
namespace {

/// How many nodes behind a tensor are looked at.
constexpr std::size_t farthest = 256;

enum class Form { x, sigmoid, erf, one_plus_erf, x_sigmoid, x_one_plus_erf };

/// factor * form(s x) for some s > 0, in which the slopes of the activation do not change.
struct Value {
  Form form;
  Enclosure factor;
  std::set<std::size_t> nodes;  ///< that it is computed by
};

/// A constant of one number that leaves the shape of the data as it is.
std::optional<Enclosure> scalar(const Tensor* tensor, std::size_t rank) {
  if (tensor == nullptr || !tensor->real || tensor->size() != 1 || tensor->shape.size() > rank) {
    return std::nullopt;
  }
  return tensor->at(0);
}

bool is_exactly(const Enclosure& a, double value) { return a.lower == value && a.upper == value; }

class Search {
 public:
  Search(std::string_view x, std::size_t rank, const Surroundings& around) : rank_(rank), around_(around) {
    values_.emplace(x, Value{Form::x, point(1.0), {}});
  }

  std::optional<Fork> run(std::size_t first) {
    const std::size_t end = std::min(around_.nodes.size(), first + farthest);
    for (std::size_t i = first; i < end; ++i) {
      const NodeMessage& node = around_.nodes[i];
      if (!around_.open[i] || node.outputs.size() != 1) continue;
      std::optional<Value> value = evaluate(node);
      if (!value) continue;
      value->nodes.insert(i);
      const bool silu = value->form == Form::x_sigmoid && is_exactly(value->factor, 1.0);
      // 0.5 x (1 + erf(s x)) has the slopes of GELU for every s > 0, so that a rounded sqrt(1/2) does no harm
      const bool gelu = value->form == Form::x_one_plus_erf && is_exactly(value->factor, 0.5);
      if ((silu || gelu) && closed(value->nodes, i)) return Fork{silu ? "silu" : "gelu", value->nodes, i};
      values_.emplace(node.outputs.front(), std::move(*value));
    }
    return std::nullopt;
  }

 private:
  /// Whether all that read the outputs of these nodes, but for the last one's, are among them.
  bool closed(const std::set<std::size_t>& nodes, std::size_t last) const {
    std::map<std::string_view, Index> own;
    for (const std::size_t i : nodes) {
      for (const std::string_view name : around_.nodes[i].inputs) ++own[name];
    }
    return std::all_of(nodes.begin(), nodes.end(), [&](std::size_t i) {
      const std::string_view output = around_.nodes[i].outputs.front();
      const auto all = around_.reads.find(output);
      return i == last || (all != around_.reads.end() && all->second == own[output]);
    });
  }

  std::optional<Value> evaluate(const NodeMessage& node) const {
    if (!is_onnx_domain(node.domain) || !node.attributes.empty() || around_.opset < 7) return std::nullopt;
    const auto value_at = [&](std::size_t i) -> const Value* {
      const auto found = i < node.inputs.size() ? values_.find(node.inputs[i]) : values_.end();
      return found == values_.end() ? nullptr : &found->second;
    };
    const Value* a = value_at(0);
    if (node.inputs.size() == 1) {
      if (a == nullptr || a->form != Form::x || !(a->factor.lower > 0.0)) return std::nullopt;
      if (node.op == "Sigmoid") return Value{Form::sigmoid, point(1.0), a->nodes};
      if (node.op == "Erf") return Value{Form::erf, point(1.0), a->nodes};
      return std::nullopt;
    }
    const Value* b = value_at(1);
    if (node.inputs.size() != 2 || (a == nullptr && b == nullptr)) return std::nullopt;
    if (a != nullptr && b != nullptr) {
      if (node.op != "Mul") return std::nullopt;
      if (a->form != Form::x) std::swap(a, b);
      if (a->form != Form::x) return std::nullopt;
      std::set<std::size_t> nodes = a->nodes;
      nodes.insert(b->nodes.begin(), b->nodes.end());
      const Enclosure factor = multiply(a->factor, b->factor);
      if (b->form == Form::sigmoid) return Value{Form::x_sigmoid, factor, nodes};
      if (b->form == Form::one_plus_erf) return Value{Form::x_one_plus_erf, factor, nodes};
      return std::nullopt;
    }
    const Value* data = a != nullptr ? a : b;
    const auto constant = scalar(around_.constant(node.inputs[a != nullptr ? 1 : 0]), rank_);
    if (!constant) return std::nullopt;
    if (node.op == "Mul") return Value{data->form, multiply(data->factor, *constant), data->nodes};
    if (node.op == "Div" && data == a && !(constant->lower <= 0.0 && constant->upper >= 0.0))
      return Value{data->form, divide(data->factor, *constant), data->nodes};
    // c erf + c = c (1 + erf)
    if (node.op == "Add" && data->form == Form::erf && data->factor.exact() &&
        is_exactly(*constant, data->factor.lower)) {
      return Value{Form::one_plus_erf, data->factor, data->nodes};
    }
    return std::nullopt;
  }

  std::size_t rank_;
  const Surroundings& around_;
  std::map<std::string_view, Value> values_;
};

}  // namespace

std::optional<Fork> find_fork(std::string_view x, std::size_t rank, std::size_t first,
                              const Surroundings& around) {
  return Search(x, rank, around).run(first);
}

}  // namespace geolip::checker::onnx
