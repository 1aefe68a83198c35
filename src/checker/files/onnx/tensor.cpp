#include "checker/files/onnx/tensor.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace geolip::checker::onnx {
namespace {

/// Bytes of a number in raw data; 0: a type that is not known.
Index width_of(std::int64_t type) {
  switch (static_cast<Type>(type)) {
    case Type::float64:
    case Type::int64:
    case Type::uint64:
      return 8;
    case Type::float32:
    case Type::int32:
    case Type::uint32:
      return 4;
    case Type::float16:
    case Type::bfloat16:
    case Type::int16:
    case Type::uint16:
      return 2;
    case Type::int8:
    case Type::uint8:
    case Type::boolean:
      return 1;
  }
  return 0;
}

/// Number of the field of a TensorProto that holds numbers of a type that are not raw.
int field_of(std::int64_t type) {
  switch (static_cast<Type>(type)) {
    case Type::float32:
      return 4;
    case Type::float64:
      return 10;
    case Type::int64:
      return 7;
    case Type::uint32:
    case Type::uint64:
      return 11;
    default:
      return 5;
  }
}

std::int64_t checked(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw ReadError("an unsigned integer is too large");
  }
  return static_cast<std::int64_t>(value);
}

void append_raw(Bytes at, std::int64_t type, Tensor& tensor) {
  switch (static_cast<Type>(type)) {
    case Type::float64:
      tensor.lower.push_back(load<double>(at));
      break;
    case Type::float32:
      tensor.lower.push_back(static_cast<double>(load<float>(at)));
      break;
    case Type::float16:
      tensor.lower.push_back(binary16(load<std::uint16_t>(at)));
      break;
    case Type::bfloat16:
      tensor.lower.push_back(bfloat16(load<std::uint16_t>(at)));
      break;
    case Type::int64:
      tensor.integers.push_back(load<std::int64_t>(at));
      break;
    case Type::uint64:
      tensor.integers.push_back(checked(load<std::uint64_t>(at)));
      break;
    case Type::int32:
      tensor.integers.push_back(load<std::int32_t>(at));
      break;
    case Type::uint32:
      tensor.integers.push_back(load<std::uint32_t>(at));
      break;
    case Type::int16:
      tensor.integers.push_back(load<std::int16_t>(at));
      break;
    case Type::uint16:
      tensor.integers.push_back(load<std::uint16_t>(at));
      break;
    case Type::int8: {
      const auto value = load<std::int8_t>(at);
      tensor.integers.push_back(static_cast<int>(value));
      break;
    }
    case Type::uint8:
    case Type::boolean:
      tensor.integers.push_back(at[0]);
      break;
  }
}

void decode_typed(const TensorMessage& message, Index count, Tensor& tensor) {
  const int field = field_of(message.type);
  const std::size_t have = field == 4 || field == 10 ? message.reals.size() : message.integers.size();
  if ((message.typed_field != field && message.typed_field != 0) || have != static_cast<std::size_t>(count)) {
    throw ReadError("its shape " + shape_text(message.dims) + " needs " + std::to_string(count) +
                    " numbers of its type but it has others");
  }
  if (field == 4 || field == 10) {
    tensor.lower = message.reals;
  } else if (!tensor.real) {
    tensor.integers = message.integers;
  } else {  // the bits of 16-bit numbers
    const bool brain = static_cast<Type>(message.type) == Type::bfloat16;
    for (const std::int64_t bits : message.integers) {
      if (bits < 0 || bits > 0xFFFF) throw ReadError("a 16-bit number has more than 16 bits");
      const auto half = static_cast<std::uint16_t>(bits);
      tensor.lower.push_back(brain ? bfloat16(half) : binary16(half));
    }
  }
}

std::size_t parse_size(std::string_view text, const char* what) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw ReadError(std::string("its external data have the ") + what + " " + in_quotes(text));
  }
  return value;
}

Shape strides_of(const Shape& shape) {
  Shape strides(shape.size());
  Index step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/// Runs through all places of `shape` in order; a step along dimension i moves `steps[i]` entries on.
std::vector<Index> run_through(const Shape& shape, const Shape& steps) {
  std::vector<Index> sources(static_cast<std::size_t>(element_count(shape, "a tensor")));
  // Each dimension, from the last to the first, repeats what is there already with an offset.
  std::size_t filled = 1;
  if (!sources.empty()) sources[0] = 0;
  for (std::size_t d = shape.size(); d-- > 0 && !sources.empty();) {
    for (Index k = 1; k < shape[d]; ++k) {
      for (std::size_t i = 0; i < filled; ++i) {
        sources[static_cast<std::size_t>(k) * filled + i] = sources[i] + k * steps[d];
      }
    }
    filled *= static_cast<std::size_t>(shape[d]);
  }
  return sources;
}

}  // namespace

void Budget::take(Index count) {
  if (count > left_) {
    throw ReadError("this asks for " + std::to_string(count) +
                    " numbers, far more than a file of this size can mean");
  }
  left_ -= count;
}

void Tensor::push(const Enclosure& value) {
  if (exact() && !value.exact()) upper = lower;
  lower.push_back(value.lower);
  // an inexact first entry leaves both lists empty before it
  if (!upper.empty() || !value.exact()) upper.push_back(value.upper);
}

Tensor Tensor::of_integers(Shape shape, std::vector<std::int64_t> values) {
  Tensor tensor;
  tensor.real = false;
  tensor.shape = std::move(shape);
  tensor.integers = std::move(values);
  return tensor;
}

Bytes ExternalFiles::bytes_of(const TensorMessage& tensor, Index needed) {
  std::string location;
  std::size_t offset = 0;
  auto length = static_cast<std::size_t>(needed);
  for (const auto& [key, value] : tensor.external_data) {
    if (key == "location") {
      location = value;
    } else if (key == "offset") {
      offset = parse_size(value, "offset");
    } else if (key == "length") {
      length = parse_size(value, "length");
    } else if (key != "checksum") {
      throw ReadError("its external data have the unknown key " + in_quotes(key));
    }
  }
  auto known = files_.find(location);
  if (known == files_.end()) {
    known = files_.emplace(location, read_(location)).first;
    budget_.extend(known->second.size());
  }
  const Bytes bytes(known->second);
  if (length != static_cast<std::size_t>(needed)) {
    throw ReadError("its shape needs " + std::to_string(needed) + " bytes but its external data have " +
                    std::to_string(length));
  }
  if (offset > bytes.size() || length > bytes.size() - offset) {
    throw ReadError("its external data end beyond the file " + in_quotes(location));
  }
  return bytes.subspan(offset, length);
}

Tensor decode(const TensorMessage& message, ExternalFiles& files, Budget& budget) {
  const Index width = width_of(message.type);
  if (width == 0) {
    throw ReadError("its element type " + std::to_string(message.type) + " is not supported");
  }
  Tensor tensor;
  tensor.real = is_float(message.type);
  tensor.shape = message.dims;
  const Index count = element_count(tensor.shape, "its shape");
  const Index needed = product(count, width, "its shape");
  if (message.external || message.raw) {
    const Bytes raw = message.external ? files.bytes_of(message, needed) : *message.raw;
    if (raw.size() != static_cast<std::size_t>(needed)) {
      throw ReadError("its shape " + shape_text(tensor.shape) + " needs " + std::to_string(needed) +
                      " bytes but it has " + std::to_string(raw.size()));
    }
    if (message.external ? message.raw || message.typed_field != 0 : message.typed_field != 0) {
      throw ReadError("it has its data twice");
    }
    budget.take(count);
    (tensor.real ? tensor.lower.reserve(static_cast<std::size_t>(count))
                 : tensor.integers.reserve(static_cast<std::size_t>(count)));
    for (std::size_t at = 0; at < raw.size(); at += static_cast<std::size_t>(width)) {
      append_raw(raw.subspan(at), message.type, tensor);
    }
  } else {
    budget.take(count);
    decode_typed(message, count, tensor);
  }
  return tensor;
}

Shape broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const std::size_t lead = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    Index& d = result[lead + i];
    if (d == 1) {
      d = shorter[i];
    } else if (shorter[i] != 1 && shorter[i] != d) {
      throw ReadError("operands of " + shape_text(a) + " and " + shape_text(b) + " do not broadcast");
    }
  }
  return result;
}

std::vector<Index> broadcast_sources(const Shape& from, const Shape& target) {
  const Shape strides = strides_of(from);
  const std::size_t lead = target.size() - from.size();
  Shape steps(target.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) steps[lead + i] = strides[i];
  }
  return run_through(target, steps);
}

std::vector<Index> transpose_sources(const Shape& shape, const std::vector<Index>& perm) {
  const Shape strides = strides_of(shape);
  Shape target;
  Shape steps;
  for (const Index axis : perm) {
    target.push_back(shape[static_cast<std::size_t>(axis)]);
    steps.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  return run_through(target, steps);
}

Tensor pick(const Tensor& tensor, Shape shape, const std::vector<Index>& sources) {
  Tensor result;
  result.real = tensor.real;
  result.shape = std::move(shape);
  for (const Index i : sources) {
    const auto k = static_cast<std::size_t>(i);
    if (!tensor.real) {
      result.integers.push_back(tensor.integers[k]);
      continue;
    }
    result.lower.push_back(tensor.lower[k]);
    if (!tensor.exact()) result.upper.push_back(tensor.upper[k]);
  }
  return result;
}

std::size_t axis_of(Index axis, std::size_t rank) {
  const auto n = static_cast<Index>(rank);
  if (axis < -n || axis >= n) {
    throw ReadError("axis " + std::to_string(axis) + " does not exist in a tensor of rank " +
                    std::to_string(n));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

}  // namespace geolip::checker::onnx
