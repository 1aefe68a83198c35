#include <formats/onnx/node.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace geolip::formats::onnx_graph {

using onnx::AttributeProto;

namespace {

/// Whether the version has the attribute of an entry such as "axes<13" or "axes>=18".
bool is_in_version(std::string_view entry, Index version) {
  const std::size_t sign = entry.find_first_of("<>");
  if (sign == std::string_view::npos) return true;
  const bool before = entry[sign] == '<';
  entry.remove_prefix(sign + (before ? 1 : 2));
  Index limit = 0;
  std::from_chars(entry.data(), entry.data() + entry.size(), limit);
  return before == (version < limit);
}

/// How many of the fields for values are used.
int kinds_of_value(const AttributeProto& a) {
  return int{a.has_f()} + int{a.has_i()} + int{a.has_s()} + int{a.has_t()} + int{a.has_g()} +
         int{a.has_sparse_tensor()} + int{a.floats_size() > 0} + int{a.ints_size() > 0} +
         int{a.strings_size() > 0} + int{a.tensors_size() > 0} + int{a.graphs_size() > 0};
}

}  // namespace

std::string Node::name() const {
  if (!proto_.name().empty()) return printable(proto_.name());
  return proto_.output_size() > 0 ? printable(proto_.output(0)) : std::string("a node without name");
}

bool Node::has_input(std::size_t i) const {
  return i < inputs() && !proto_.input(static_cast<int>(i)).empty();
}

const std::string& Node::input(std::size_t i) const {
  if (!has_input(i)) fail("operator ", printable(op()), " lacks its input ", i);
  return proto_.input(static_cast<int>(i));
}

void Node::require_known_attributes(std::span<const std::string_view> known) const {
  const auto refuse = [this](const AttributeProto& attribute, const std::string& why) {
    fail("attribute '", printable(attribute.name()), "' of operator ", op(), " ", why);
  };
  std::set<std::string_view> seen;
  for (const AttributeProto& attribute : proto_.attribute()) {
    const auto found = std::find_if(known.begin(), known.end(), [&](std::string_view entry) {
      return entry.substr(0, entry.find_first_of("<>")) == attribute.name();
    });
    if (found == known.end()) refuse(attribute, "is not supported");
    if (!is_in_version(*found, opset_)) refuse(attribute, "is none of its version " + std::to_string(opset_));
    if (!seen.insert(attribute.name()).second) refuse(attribute, "is given twice");
    if (kinds_of_value(attribute) > 1) refuse(attribute, "has several values");
  }
}

void Node::require_inputs(std::size_t least, std::size_t most) const {
  if (inputs() < least || inputs() > most) fail("operator ", op(), " cannot have ", inputs(), " inputs");
}

const AttributeProto* Node::find(std::string_view attribute) const {
  for (const AttributeProto& a : proto_.attribute()) {
    if (a.name() == attribute) return &a;
  }
  return nullptr;
}

const AttributeProto* Node::find(std::string_view attribute, AttributeProto::AttributeType type) const {
  const AttributeProto* found = find(attribute);
  // Files older than IR version 2 do not state the type.
  if (found != nullptr && found->type() != type && found->type() != AttributeProto::UNDEFINED)
    fail("attribute '", attribute, "' of operator ", op(), " has the wrong type");
  return found;
}

Index Node::integer(std::string_view attribute, Index otherwise) const {
  const AttributeProto* a = find(attribute, AttributeProto::INT);
  return a == nullptr ? otherwise : a->i();
}

double Node::real(std::string_view attribute, double otherwise) const {
  const AttributeProto* a = find(attribute, AttributeProto::FLOAT);
  return a == nullptr ? otherwise : static_cast<double>(a->f());
}

std::string Node::text(std::string_view attribute, std::string_view otherwise) const {
  const AttributeProto* a = find(attribute, AttributeProto::STRING);
  return a == nullptr ? std::string(otherwise) : a->s();
}

std::optional<std::vector<Index>> Node::integers(std::string_view attribute) const {
  const AttributeProto* a = find(attribute, AttributeProto::INTS);
  if (a == nullptr) return std::nullopt;
  return std::vector<Index>(a->ints().begin(), a->ints().end());
}

std::string not_supported(const Node& node) {
  const std::string& domain = node.proto().domain();
  const std::string prefix = domain.empty() || domain == "ai.onnx" ? "" : printable(domain) + ".";
  return "operator " + prefix + printable(node.op()) + " is not supported";
}

}  // namespace geolip::formats::onnx_graph
