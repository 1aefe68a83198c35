/// \file
/// ONNX models made in memory, a line for each node.
#pragma once

#include <formats/support.hpp>

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace geolip::test {

/// Builds a model from an input 'x' to an output 'y'.
class Model {
 public:
  explicit Model(const std::vector<std::int64_t>& input_shape, int opset = 13) {
    proto_.set_ir_version(8);
    proto_.add_opset_import()->set_version(opset);
    add_value(*proto_.mutable_graph()->add_input(), "x", input_shape);
    add_value(*proto_.mutable_graph()->add_output(), "y", {});
  }

  onnx::ModelProto& proto() { return proto_; }
  onnx::GraphProto& graph() { return *proto_.mutable_graph(); }

  static onnx::TensorProto floats(const std::string& name, const std::vector<std::int64_t>& shape,
                                  const std::vector<float>& values) {
    onnx::TensorProto tensor = header(name, shape, onnx::TensorProto::FLOAT);
    for (const float v : values) tensor.add_float_data(v);
    return tensor;
  }
  static onnx::TensorProto integers(const std::string& name, const std::vector<std::int64_t>& shape,
                                    const std::vector<std::int64_t>& values) {
    onnx::TensorProto tensor = header(name, shape, onnx::TensorProto::INT64);
    for (const std::int64_t v : values) tensor.add_int64_data(v);
    return tensor;
  }
  static onnx::TensorProto header(const std::string& name, const std::vector<std::int64_t>& shape,
                                  onnx::TensorProto::DataType type) {
    onnx::TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t d : shape) tensor.add_dims(d);
    return tensor;
  }

  Model& constant(const std::string& name, const std::vector<std::int64_t>& shape,
                  const std::vector<float>& values) {
    return tensor(floats(name, shape, values));
  }
  Model& constant_integers(const std::string& name, const std::vector<std::int64_t>& values) {
    return tensor(integers(name, {static_cast<std::int64_t>(values.size())}, values));
  }
  Model& tensor(onnx::TensorProto value) {
    *graph().add_initializer() = std::move(value);
    return *this;
  }

  /// A node named after its first output with "_node" behind; attributes are set on what it returns.
  onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
    onnx::NodeProto& n = *graph().add_node();
    n.set_op_type(op);
    n.set_name(outputs.front() + "_node");
    for (const auto& input : inputs) n.add_input(input);
    for (const auto& output : outputs) n.add_output(output);
    return n;
  }

  static void add_value(onnx::ValueInfoProto& value, const std::string& name,
                        const std::vector<std::int64_t>& shape) {
    value.set_name(name);
    auto* type = value.mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    auto* dims = type->mutable_shape();
    for (const std::int64_t d : shape) {
      if (d == symbolic) {
        dims->add_dim()->set_dim_param("batch");
      } else {
        dims->add_dim()->set_dim_value(d);
      }
    }
  }
  static constexpr std::int64_t symbolic = -12345;

  std::string bytes() const { return proto_.SerializeAsString(); }

 private:
  onnx::ModelProto proto_;
};

inline void set_int(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INT);
  a->set_i(value);
}
inline void set_float(onnx::NodeProto& node, const std::string& name, float value) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::FLOAT);
  a->set_f(value);
}
inline void set_ints(onnx::NodeProto& node, const std::string& name,
                     const std::vector<std::int64_t>& values) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INTS);
  for (const auto v : values) a->add_ints(v);
}
inline void set_string(onnx::NodeProto& node, const std::string& name, const std::string& value) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::STRING);
  a->set_s(value);
}

/// Tests that read models made in memory.
class Onnx : public Files {
 protected:
  NetworkFile read(const Model& model, const ReadOptions& options = {}) const {
    return read_network(write("m.onnx", model.bytes()), options);
  }
  Network network(const Model& model) const { return read(model).network; }
  std::vector<double> evaluate(const Model& model, const std::vector<double>& x) const {
    return network(model).evaluate(x);
  }
  /// The message without "m.onnx: ".
  std::string refused(const Model& model, const ReadOptions& options = {}) const {
    const std::string message = refusal(write("m.onnx", model.bytes()), options);
    const std::string file = "m.onnx: ";
    return message.starts_with(file) ? message.substr(file.size()) : message;
  }
};

}  // namespace geolip::test
