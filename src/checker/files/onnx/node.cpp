#include "checker/files/onnx/node.hpp"

#include <algorithm>
#include <cmath>

namespace geolip::checker::onnx {

std::string Node::label() const {
  if (!message_.name.empty()) return printable(message_.name);
  if (!message_.outputs.empty()) return printable(message_.outputs.front());
  return "a node without name";
}

void Node::require_inputs(std::size_t least, std::size_t most) const {
  const std::size_t n = message_.inputs.size();
  if (n < least || n > most) {
    throw ReadError("operator " + op() + " cannot have " + std::to_string(n) + " inputs");
  }
}

void Node::require_attributes(const std::vector<std::string_view>& known) const {
  std::vector<std::string_view> seen;
  for (const Attribute& a : message_.attributes) {
    if (std::find(known.begin(), known.end(), a.name) == known.end()) {
      throw ReadError("attribute " + in_quotes(a.name) + " of operator " + op() + " is not supported");
    }
    if (std::find(seen.begin(), seen.end(), a.name) != seen.end()) {
      throw ReadError("operator " + op() + " has the attribute " + in_quotes(a.name) + " twice");
    }
    seen.push_back(a.name);
  }
}

bool Node::has(std::string_view attribute) const {
  return std::any_of(message_.attributes.begin(), message_.attributes.end(),
                     [&](const Attribute& a) { return a.name == attribute; });
}

const Attribute* Node::find(std::string_view attribute, Attribute::Type type) const {
  for (const Attribute& a : message_.attributes) {
    if (a.name != attribute) continue;
    // the first version of the format did not state the type
    if (a.type != static_cast<std::int64_t>(type) && a.type != 0) {
      throw ReadError("attribute " + in_quotes(attribute) + " of operator " + op() + " has the wrong type");
    }
    return &a;
  }
  return nullptr;
}

Index Node::integer(std::string_view attribute, Index otherwise) const {
  const Attribute* a = find(attribute, Attribute::Type::integer);
  return a == nullptr ? otherwise : a->integer;
}

double Node::real(std::string_view attribute, double otherwise) const {
  const Attribute* a = find(attribute, Attribute::Type::real);
  if (a == nullptr) return otherwise;
  if (!std::isfinite(a->real)) {
    throw ReadError("attribute " + in_quotes(attribute) + " of operator " + op() + " is not finite");
  }
  return a->real;
}

std::string Node::text(std::string_view attribute, std::string_view otherwise) const {
  const Attribute* a = find(attribute, Attribute::Type::text);
  return std::string(a == nullptr ? otherwise : a->text);
}

std::optional<std::vector<Index>> Node::integers(std::string_view attribute) const {
  const Attribute* a = find(attribute, Attribute::Type::integers);
  if (a == nullptr) return std::nullopt;
  return a->integers;
}

const std::vector<std::int64_t>& integer_list(const Tensor& tensor, std::string_view what) {
  if (tensor.real || tensor.shape.size() > 1) {
    throw ReadError(std::string(what) + " must be a list of integers");
  }
  return tensor.integers;
}

Shape reshaped(const Shape& shape, const std::vector<Index>& target, bool allow_zero) {
  const Index count = element_count(shape, "its input");
  const auto fail = [&] {
    throw ReadError("a tensor of " + shape_text(shape) + " cannot be reshaped to " + shape_text(target));
  };
  Shape result = target;
  Index* open = nullptr;
  for (std::size_t i = 0; i < result.size(); ++i) {
    Index& d = result[i];
    if (d == 0 && !allow_zero) {
      if (i >= shape.size()) fail();
      d = shape[i];
    }
    if (d == -1 && open == nullptr) {
      open = &d;
      d = 1;
    }
    if (d < 0) fail();
  }
  const Index known = element_count(result, "the new shape");
  if (open != nullptr && known > 0 && count % known == 0) *open = count / known;
  if (element_count(result, "the new shape") != count) fail();
  return result;
}

Shape flattened(const Shape& shape, Index axis) {
  const auto rank = static_cast<Index>(shape.size());
  const Index at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) {
    throw ReadError("axis " + std::to_string(axis) + " does not exist in a tensor of rank " +
                    std::to_string(rank));
  }
  return {element_count({shape.begin(), shape.begin() + at}, "its input"),
          element_count({shape.begin() + at, shape.end()}, "its input")};
}

Shape squeezed(const Shape& shape, const std::optional<std::vector<Index>>& axes) {
  std::vector<bool> drop(shape.size(), false);
  if (!axes) {
    for (std::size_t i = 0; i < shape.size(); ++i) drop[i] = shape[i] == 1;
  } else {
    for (const Index axis : *axes) {
      const std::size_t at = axis_of(axis, shape.size());
      if (shape[at] != 1) {
        throw ReadError("axis " + std::to_string(axis) + " of a tensor of " + shape_text(shape) +
                        " cannot be squeezed");
      }
      drop[at] = true;
    }
  }
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!drop[i]) result.push_back(shape[i]);
  }
  return result;
}

Shape unsqueezed(const Shape& shape, const std::vector<Index>& axes) {
  const std::size_t rank = shape.size() + axes.size();
  element_count(Shape(std::min<std::size_t>(rank, 17), 1), "its result");  // limits the rank
  std::vector<bool> added(rank, false);
  for (const Index axis : axes) {
    const std::size_t at = axis_of(axis, rank);
    if (added[at]) throw ReadError("axis " + std::to_string(axis) + " is inserted twice");
    added[at] = true;
  }
  Shape result;
  std::size_t next = 0;
  for (const bool is_new : added) result.push_back(is_new ? 1 : shape[next++]);
  return result;
}

std::vector<Index> permutation_of(const Node& node, std::size_t rank) {
  const auto given = node.integers("perm");
  std::vector<Index> perm;
  for (std::size_t i = rank; i-- > 0;) perm.push_back(static_cast<Index>(i));
  if (!given) return perm;
  if (!std::is_permutation(given->begin(), given->end(), perm.begin(), perm.end())) {
    throw ReadError("its perm is no permutation of the " + std::to_string(rank) + " dimensions of its input");
  }
  return *given;
}

Shape permuted(const Shape& shape, const std::vector<Index>& perm) {
  Shape result;
  for (const Index axis : perm) result.push_back(shape[static_cast<std::size_t>(axis)]);
  return result;
}

}  // namespace geolip::checker::onnx
