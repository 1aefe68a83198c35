/// \file
/// The messages of an ONNX file, as far as a network needs them (onnx.proto3 gives the field numbers).
#pragma once

#include "checker/files/bytes.hpp"

#include <optional>

namespace geolip::checker::onnx {

/// onnx.TensorProto.DataType
enum class Type : std::int64_t {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  bfloat16 = 16
};

/// Whether a type is one of the four of floating-point numbers.
bool is_float(std::int64_t type);

struct TensorMessage {
  std::string_view name;
  Shape dims;
  std::int64_t type = 0;
  std::optional<Bytes> raw;
  std::vector<double> reals;           ///< float_data or double_data
  std::vector<std::int64_t> integers;  ///< int32_data, int64_data or uint64_data
  int typed_field = 0;                 ///< number of the field that the numbers come from; 0: none
  bool external = false;
  std::vector<std::pair<std::string_view, std::string_view>> external_data;
};

struct Attribute {
  /// onnx.AttributeProto.AttributeType, and the fields behind it
  enum class Type : std::int64_t {
    none = 0,
    real = 1,
    integer = 2,
    text = 3,
    tensor = 4,
    reals = 6,
    integers = 7
  };

  std::string_view name;
  std::int64_t type = 0;
  double real = 0.0;
  std::int64_t integer = 0;
  std::string_view text;
  std::optional<Bytes> tensor;
  std::vector<double> reals;
  std::vector<std::int64_t> integers;
};

struct NodeMessage {
  std::vector<std::string_view> inputs;  ///< an empty name: left out
  std::vector<std::string_view> outputs;
  std::string_view name;
  std::string_view op;
  std::string_view domain;
  std::vector<Attribute> attributes;
};

struct Input {
  std::string_view name;
  bool shaped = false;
  std::int64_t type = 0;
  std::vector<std::optional<Index>> dims;  ///< nothing: a name, or unknown
};

/// All views point into the file's bytes, which must outlive the model.
struct Model {
  std::int64_t ir_version = 0;
  Index opset = 0;  ///< of ONNX's own operators
  std::vector<NodeMessage> nodes;
  std::vector<TensorMessage> initializers;
  std::vector<Input> inputs;
  std::vector<std::string_view> outputs;
};

/// Throws ReadError if the bytes are no model. A field that must not be repeated but is, is refused: which
/// of two counts is a matter on which readers could differ.
Model parse_model(Bytes file);
TensorMessage parse_tensor(Bytes message);

/// "", "ai.onnx": the domain of ONNX's own operators.
bool is_onnx_domain(std::string_view domain);

}  // namespace geolip::checker::onnx
