#include "verify/files/onnx/fork.hpp"

namespace geolip::verify::onnx {
namespace {

/// A constant of one number that leaves the shape of the data as it is.
std::optional<Enclosure> scalar(const Tensor* tensor, std::size_t rank) {
  if (tensor == nullptr || !tensor->real || tensor->size() != 1 || tensor->shape.size() > rank) {
    return std::nullopt;
  }
  return tensor->at(0);
}

bool is_exactly(const Enclosure& a, double value) { return a.lower == value && a.upper == value; }

}  // namespace

void Fork::take(const Node& node, const std::vector<const Tensor*>& constants, std::size_t rank,
                Index reads) {
  const auto value = evaluate(node, constants, rank);
  if (!value) {
    throw ReadError("operator " + node.op() + " reads one of several branches, which are not supported");
  }
  for (const Tensor* constant : constants) open_reads_ -= constant == nullptr ? 1 : 0;
  values_.emplace(node.message().outputs.front(), *value);
  if (open_reads_ == 0) {  // nothing else than this value goes on
    if (value->form == Form::x_sigmoid && is_exactly(value->factor, 1.0)) activation_ = "silu";
    // 0.5 x (1 + erf(s x)) has the slopes of GELU for every s > 0, so that a rounded sqrt(1/2) does no harm
    if (value->form == Form::x_one_plus_erf && is_exactly(value->factor, 0.5)) activation_ = "gelu";
  }
  open_reads_ += reads;
}

std::optional<Fork::Value> Fork::evaluate(const Node& node, const std::vector<const Tensor*>& constants,
                                          std::size_t rank) const {
  const NodeMessage& message = node.message();
  if (!is_onnx_domain(message.domain) || !message.attributes.empty() || node.opset() < 7) return std::nullopt;
  const auto value_at = [&](std::size_t i) -> const Value* {
    const auto found = i < message.inputs.size() ? values_.find(message.inputs[i]) : values_.end();
    return found == values_.end() ? nullptr : &found->second;
  };
  if (message.inputs.size() == 1) {
    const Value* x = value_at(0);
    if (x == nullptr || x->form != Form::x || !(x->factor.lower > 0.0)) return std::nullopt;
    if (message.op == "Sigmoid") return Value{Form::sigmoid, point(1.0)};
    if (message.op == "Erf") return Value{Form::erf, point(1.0)};
    return std::nullopt;
  }
  if (message.inputs.size() != 2) return std::nullopt;
  const Value* a = value_at(0);
  const Value* b = value_at(1);
  if (a != nullptr && b != nullptr) {
    if (message.op != "Mul") return std::nullopt;
    if (a->form != Form::x) std::swap(a, b);
    if (a->form != Form::x) return std::nullopt;
    const Enclosure factor = multiply(a->factor, b->factor);
    if (b->form == Form::sigmoid) return Value{Form::x_sigmoid, factor};
    if (b->form == Form::one_plus_erf) return Value{Form::x_one_plus_erf, factor};
    return std::nullopt;
  }
  const Value* data = a != nullptr ? a : b;
  const auto constant = scalar(constants[a != nullptr ? 1 : 0], rank);
  if (data == nullptr || !constant) return std::nullopt;
  if (message.op == "Mul") return Value{data->form, multiply(data->factor, *constant)};
  if (message.op == "Div" && data == a) return Value{data->form, divide(data->factor, *constant)};
  // c erf + c = c (1 + erf)
  if (message.op == "Add" && data->form == Form::erf && data->factor.exact() &&
      is_exactly(*constant, data->factor.lower)) {
    return Value{Form::one_plus_erf, data->factor};
  }
  return std::nullopt;
}

}  // namespace geolip::verify::onnx
