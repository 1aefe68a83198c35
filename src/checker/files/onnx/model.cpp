#include "checker/files/onnx/model.hpp"

#include "checker/files/onnx/wire.hpp"

#include <algorithm>

namespace geolip::checker::onnx {
namespace {

/// Notes which fields have been seen, so that a second one is refused.
class Once {
 public:
  void see(const Field& field) {
    if (field.number >= 64) return;
    const std::uint64_t bit = std::uint64_t{1} << field.number;
    if ((seen_ & bit) != 0)
      throw ReadError("a field of the ONNX model that must not be repeated is repeated");
    seen_ |= bit;
  }

 private:
  std::uint64_t seen_ = 0;
};

std::pair<std::string_view, std::string_view> parse_entry(Bytes bytes) {
  std::pair<std::string_view, std::string_view> entry;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    if (f.number == 1 || f.number == 2) {
      once.see(f);
      (f.number == 1 ? entry.first : entry.second) = f.text();
    }
  }
  return entry;
}

/// Typed data are of one kind: the number of the field says which.
void see_typed(const Field& f, TensorMessage& tensor) {
  const int number = static_cast<int>(f.number);
  if (tensor.typed_field != 0 && tensor.typed_field != number) {
    throw ReadError("a tensor has data of two types");
  }
  tensor.typed_field = number;
}

Attribute parse_attribute(Bytes bytes) {
  Attribute a;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    switch (f.number) {
      case 1:
        once.see(f);
        a.name = f.text();
        break;
      case 2:
        once.see(f);
        a.real = static_cast<double>(f.real());
        break;
      case 3:
        once.see(f);
        a.integer = f.integer();
        break;
      case 4:
        once.see(f);
        a.text = f.text();
        break;
      case 5:
        once.see(f);
        a.tensor = f.bytes();
        break;
      case 7:
        append_floats(f, a.reals);
        break;
      case 8:
        append_integers(f, a.integers);
        break;
      case 20:
        once.see(f);
        a.type = f.integer();
        break;
      case 21:
        throw ReadError("attribute " + in_quotes(a.name) +
                        " refers to one of a function, which is not supported");
      default:  // strings, graphs, texts for people: no operator that is understood has them
        break;
    }
  }
  return a;
}

NodeMessage parse_node(Bytes bytes) {
  NodeMessage node;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    switch (f.number) {
      case 1:
        node.inputs.push_back(f.text());
        break;
      case 2:
        node.outputs.push_back(f.text());
        break;
      case 3:
        once.see(f);
        node.name = f.text();
        break;
      case 4:
        once.see(f);
        node.op = f.text();
        break;
      case 5:
        node.attributes.push_back(parse_attribute(f.bytes()));
        break;
      case 7:
        once.see(f);
        node.domain = f.text();
        break;
      default:
        break;
    }
  }
  return node;
}

std::optional<Index> parse_dimension(Bytes bytes) {
  std::optional<Index> size;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    if (f.number == 1) {
      once.see(f);
      size = f.integer();
    } else if (f.number == 2 && size) {
      throw ReadError("a dimension of the input has a size and a name");
    }
  }
  return size;
}

void parse_shape(Bytes bytes, Input& input) {
  input.shaped = true;
  Message message(bytes);
  for (Field f; message.next(f);) {
    if (f.number == 1) input.dims.push_back(parse_dimension(f.bytes()));
  }
}

/// The fields of a TypeProto's tensor_type, which is all that an input may be.
void parse_type(Bytes bytes, Input& input) {
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    if (f.number != 1) continue;
    once.see(f);
    Message tensor(f.bytes());
    Once inner;
    for (Field g; tensor.next(g);) {
      if (g.number > 2) continue;
      inner.see(g);
      if (g.number == 1) input.type = g.integer();
      if (g.number == 2) parse_shape(g.bytes(), input);
    }
  }
}

Input parse_input(Bytes bytes) {
  Input input;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    if (f.number > 2) continue;
    once.see(f);
    if (f.number == 1) input.name = f.text();
    if (f.number == 2) parse_type(f.bytes(), input);
  }
  return input;
}

void parse_graph(Bytes bytes, Model& model) {
  Message message(bytes);
  for (Field f; message.next(f);) {
    switch (f.number) {
      case 1:
        model.nodes.push_back(parse_node(f.bytes()));
        break;
      case 5:
        model.initializers.push_back(parse_tensor(f.bytes()));
        break;
      case 11:
        model.inputs.push_back(parse_input(f.bytes()));
        break;
      case 12:
        model.outputs.push_back(parse_input(f.bytes()).name);
        break;
      case 15:
        throw ReadError("the model has sparse initialisers, which are not supported");
      default:
        break;
    }
  }
}

// What an operator means may change in a later version. So far none that is read has, up to this one.
constexpr Index newest_opset = 25;

/// The version of ONNX's own operators that an OperatorSetIdProto states, 0 if it is about others.
Index parse_opset(Bytes bytes) {
  std::string_view domain;
  Index version = 0;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    if (f.number > 2) continue;
    once.see(f);
    if (f.number == 1) domain = f.text();
    if (f.number == 2) version = f.integer();
  }
  return is_onnx_domain(domain) ? version : 0;
}

/// Functions of other domains are never called: operators of other domains are refused.
void check_function(Bytes bytes) {
  std::string_view domain;
  Message message(bytes);
  for (Field f; message.next(f);) {
    if (f.number == 10) domain = f.text();
  }
  if (is_onnx_domain(domain)) throw ReadError("the model redefines operators of ONNX");
}

}  // namespace

bool is_float(std::int64_t type) {
  const auto t = static_cast<Type>(type);
  return t == Type::float32 || t == Type::float64 || t == Type::float16 || t == Type::bfloat16;
}

bool is_onnx_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

TensorMessage parse_tensor(Bytes bytes) {
  TensorMessage tensor;
  Message message(bytes);
  Once once;
  for (Field f; message.next(f);) {
    switch (f.number) {
      case 1:
        append_integers(f, tensor.dims);
        break;
      case 2:
        once.see(f);
        tensor.type = f.integer();
        break;
      case 3:
        throw ReadError("a tensor is stored in segments, which is not supported");
      case 4:
        see_typed(f, tensor);
        append_floats(f, tensor.reals);
        break;
      case 5:
      case 7:
      case 11:
        see_typed(f, tensor);
        append_integers(f, tensor.integers);
        break;
      case 8:
        once.see(f);
        tensor.name = f.text();
        break;
      case 9:
        once.see(f);
        tensor.raw = f.bytes();
        break;
      case 10:
        see_typed(f, tensor);
        append_doubles(f, tensor.reals);
        break;
      case 13:
        tensor.external_data.push_back(parse_entry(f.bytes()));
        break;
      case 14:
        once.see(f);
        tensor.external = f.integer() == 1;
        break;
      default:
        break;
    }
  }
  return tensor;
}

Model parse_model(Bytes file) {
  Model model;
  std::optional<Bytes> graph;
  Message message(file);
  Once once;
  for (Field f; message.next(f);) {
    switch (f.number) {
      case 1:
        once.see(f);
        model.ir_version = f.integer();
        break;
      case 7:
        once.see(f);
        graph = f.bytes();
        break;
      case 8:
        model.opset = std::max(model.opset, parse_opset(f.bytes()));
        break;
      case 25:
        check_function(f.bytes());
        break;
      default:
        break;
    }
  }
  if (!graph) throw ReadError("this is not an ONNX model: it has no graph");
  parse_graph(*graph, model);
  if (model.opset < 1) {
    // the first version of the format did without the statement and meant version 1
    if (model.ir_version >= 3) throw ReadError("the model does not state its version of ONNX's operators");
    model.opset = 1;
  }
  if (model.opset > newest_opset) {
    throw ReadError("the model states version " + std::to_string(model.opset) +
                    " of ONNX's operators, and the newest that is known is " + std::to_string(newest_opset));
  }
  return model;
}

}  // namespace geolip::checker::onnx
