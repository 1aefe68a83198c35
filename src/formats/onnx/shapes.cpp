#include <formats/onnx/shapes.hpp>

#include <geolip/error.hpp>
#include <network/at.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {

Shape reshaped(const Shape& shape, const std::vector<Index>& target, bool allow_zero) {
  const Index count = element_count(shape, "its input");
  Shape result;
  std::size_t open = target.size();  // where the -1 is
  for (std::size_t i = 0; i < target.size(); ++i) {
    Index d = target[i];
    if (d == 0 && !allow_zero) {
      if (i >= shape.size()) {
        throw NetworkError("the new shape keeps dimension " + std::to_string(i) +
                           ", which its input does not have");
      }
      d = shape[i];
    }
    if (d == -1 && open == target.size()) {
      open = i;
      d = 1;
    }
    if (d < 0) {
      throw NetworkError("the new shape " + dimensions(target) + " makes no sense");
    }
    result.push_back(d);
  }
  const Index rest = element_count(result, "the new shape");
  if (open < target.size() && rest > 0 && count % rest == 0) {
    result[open] = count / rest;
  }
  if (element_count(result, "the new shape") != count) {
    throw NetworkError("a tensor of " + dimensions(shape) + " cannot be reshaped to " + dimensions(target));
  }
  return result;
}

Shape flattened(const Shape& shape, Index axis) {
  const auto rank = static_cast<Index>(shape.size());
  const Index at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) {
    throw NetworkError("axis " + std::to_string(axis) + " does not exist in a tensor of rank " +
                       std::to_string(rank));
  }
  const Shape front(shape.begin(), shape.begin() + at);
  const Shape back(shape.begin() + at, shape.end());
  return {element_count(front, "its input"), element_count(back, "its input")};
}

Shape squeezed(const Shape& shape, const std::vector<Index>* axes) {
  std::vector<bool> drop(shape.size(), false);
  if (axes == nullptr) {
    std::transform(shape.begin(), shape.end(), drop.begin(), [](Index d) { return d == 1; });
  } else {
    for (const Index axis : *axes) {
      const std::size_t at = axis_of(axis, shape.size());
      if (shape[at] != 1) {
        throw NetworkError("axis " + std::to_string(axis) + " of a tensor of " + dimensions(shape) +
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
  element_count(Shape(rank, 1), "its result");  // bounds the rank
  std::vector<bool> added(rank, false);
  for (const Index axis : axes) {
    const std::size_t at = axis_of(axis, rank);
    if (added[at]) {
      throw NetworkError("axis " + std::to_string(axis) + " is inserted twice");
    }
    added[at] = true;
  }
  Shape result;
  auto next = shape.begin();
  for (std::size_t i = 0; i < rank; ++i) result.push_back(added[i] ? 1 : *next++);
  return result;
}

std::vector<Index> transposition(const Node& node, std::size_t rank) {
  std::vector<Index> permutation(rank);
  for (std::size_t i = 0; i < rank; ++i) permutation[i] = static_cast<Index>(rank - 1 - i);
  const auto given = node.integers("perm");
  if (!given) return permutation;
  std::vector<Index> sorted = *given;
  std::sort(sorted.begin(), sorted.end());
  std::reverse(permutation.begin(), permutation.end());
  if (sorted != permutation) {
    throw NetworkError("its perm is no permutation of the " + std::to_string(rank) +
                       " dimensions of its input");
  }
  return *given;
}

Shape transposed(const Shape& shape, const std::vector<Index>& permutation) {
  Shape result;
  for (const Index axis : permutation) result.push_back(at(shape, axis));
  return result;
}

Index clamp_bound(Index bound, Index size, Index lowest, Index highest) {
  // sizes are far from overflow, bounds need not be
  const Index from_front = bound < 0 ? std::max(bound, -size - 1) + size : bound;
  return std::clamp(from_front, lowest, highest);
}

}  // namespace geolip::formats::onnx_graph
