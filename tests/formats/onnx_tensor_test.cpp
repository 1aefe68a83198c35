#include <formats/numbers.hpp>
#include <formats/onnx_builder.hpp>

#include <bit>
#include <cstring>

namespace geolip {
namespace {

using test::Model;
using ::testing::HasSubstr;
using Type = onnx::TensorProto;
using Values = std::vector<double>;

class OnnxTensor : public test::Onnx {
 protected:
  /// A model that adds the tensor 'c' to two inputs.
  static Model adding(const onnx::TensorProto& c) {
    Model m({2});
    m.tensor(c);
    m.node("Add", {"x", "c"}, {"y"});
    return m;
  }
  Values value(const onnx::TensorProto& c) const { return evaluate(adding(c), {0, 0}); }

  static onnx::TensorProto raw(Type::DataType type, const std::string& bytes) {
    onnx::TensorProto c = Model::header("c", {2}, type);
    c.set_raw_data(bytes);
    return c;
  }
  static onnx::TensorProto external(const std::string& location, const std::string& offset,
                                    const std::string& length) {
    onnx::TensorProto c = Model::header("c", {2}, Type::FLOAT);
    c.set_data_location(Type::EXTERNAL);
    const auto add = [&c](const std::string& key, const std::string& text) {
      auto* entry = c.add_external_data();
      entry->set_key(key);
      entry->set_value(text);
    };
    add("location", location);
    if (!offset.empty()) add("offset", offset);
    if (!length.empty()) add("length", length);
    return c;
  }
};

template <typename T>
std::string bytes_of(std::vector<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST_F(OnnxTensor, RawFloats) {
  EXPECT_EQ(value(raw(Type::FLOAT, bytes_of<float>({0.1F, -3}))), (Values{static_cast<double>(0.1F), -3}));
  EXPECT_EQ(value(raw(Type::DOUBLE, bytes_of<double>({0.1, -3}))), (Values{0.1, -3}));
  EXPECT_EQ(value(raw(Type::FLOAT16, bytes_of<std::uint16_t>({0x3C00, 0xC200}))), (Values{1, -3}));
  EXPECT_EQ(value(raw(Type::BFLOAT16, bytes_of<std::uint16_t>({0x3F80, 0xC040}))), (Values{1, -3}));
}

TEST_F(OnnxTensor, TypedFloats) {
  EXPECT_EQ(value(Model::floats("c", {2}, {0.5, -3})), (Values{0.5, -3}));
  onnx::TensorProto d = Model::header("c", {2}, Type::DOUBLE);
  d.add_double_data(0.1);
  d.add_double_data(-3);
  EXPECT_EQ(value(d), (Values{0.1, -3}));
  onnx::TensorProto h = Model::header("c", {2}, Type::FLOAT16);
  h.add_int32_data(0x3C00);
  h.add_int32_data(0xC200);
  EXPECT_EQ(value(h), (Values{1, -3}));
  onnx::TensorProto b = Model::header("c", {2}, Type::BFLOAT16);
  b.add_int32_data(0x3F80);
  b.add_int32_data(0xC040);
  EXPECT_EQ(value(b), (Values{1, -3}));
}

TEST(Half, IsConvertedExactly) {
  const auto half = [](std::uint16_t bits) { return static_cast<double>(formats::Half{bits}); };
  EXPECT_EQ(half(0x0001), 0x1p-24);
  EXPECT_EQ(half(0x03FF), 1023 * 0x1p-24);
  EXPECT_EQ(half(0x0400), 0x1p-14);
  EXPECT_EQ(half(0x7BFF), 65504.0);
  EXPECT_EQ(half(0xFC00), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(half(0x7E00)));
}

TEST_F(OnnxTensor, DataThatDoNotFitTheShapeAreRefused) {
  EXPECT_EQ(refused(adding(raw(Type::FLOAT, "12345"))),
            "initialiser 'c': its shape 2 needs 8 bytes but it has 5");
  EXPECT_EQ(refused(adding(Model::floats("c", {2}, {1}))),
            "initialiser 'c': its shape needs 2 numbers but it has 1");
  EXPECT_EQ(refused(adding(Model::floats("c", {1LL << 40}, {1}))),
            "initialiser 'c': its shape needs 1099511627776 numbers but it has 1");
  EXPECT_EQ(refused(adding(Model::floats("c", {1LL << 40, 1LL << 40}, {1}))),
            "initialiser 'c': its shape is larger than any memory");
  EXPECT_EQ(refused(adding(Model::floats("c", {-1}, {1}))), "initialiser 'c': its shape has a negative size");
  EXPECT_EQ(refused(adding(Model::floats("c", std::vector<std::int64_t>(40, 1), {1}))),
            "initialiser 'c': its shape has 40 dimensions");
  // no numbers, but loops run over the other dimensions
  EXPECT_EQ(refused(adding(Model::floats("c", {0, 1LL << 40}, {}))),
            "initialiser 'c': its shape is 0x1099511627776, which holds no numbers");
  // a zero does not hide the overflow of the rest
  EXPECT_THAT(refused(adding(Model::floats("c", {0, 1LL << 40, 1LL << 40}, {}))),
              HasSubstr("larger than any memory"));
}

TEST_F(OnnxTensor, NumbersInTwoFormsAreRefused) {
  // whichever form a reader prefers, another one may prefer the other
  const std::string twice = "initialiser 'c': it holds its numbers twice, in two forms";
  onnx::TensorProto c = raw(Type::FLOAT, bytes_of<float>({1, 2}));
  EXPECT_EQ(value(c), (Values{1, 2}));
  c.add_float_data(3);
  c.add_float_data(4);
  EXPECT_EQ(refused(adding(c)), twice);
  onnx::TensorProto typed = Model::floats("c", {2}, {1, 2});
  typed.add_double_data(3);
  EXPECT_EQ(refused(adding(typed)), twice);
  write("w.bin", bytes_of<float>({1, 2}));
  onnx::TensorProto both = external("w.bin", "", "");
  both.set_raw_data(bytes_of<float>({3, 4}));
  EXPECT_EQ(refused(adding(both)), twice);
  onnx::TensorProto places = external("w.bin", "0", "8");
  auto* entry = places.add_external_data();
  entry->set_key("offset");
  entry->set_value("0");
  EXPECT_EQ(refused(adding(places)), "initialiser 'c': its external data have 'offset' twice");
}

TEST_F(OnnxTensor, OtherTypesAreRefused) {
  EXPECT_EQ(refused(adding(raw(Type::COMPLEX64, "1234567812345678"))),
            "initialiser 'c': its element type COMPLEX64 is not supported");
  EXPECT_EQ(refused(adding(Model::integers("c", {2}, {1, 2}))),
            "y_node: a constant operand is not of a float type");
  Model input({2});
  input.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(Type::INT64);
  input.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refused(input), "input 'x' is of type INT64 but must be a float");
}

TEST_F(OnnxTensor, WeightsThatAreNotFiniteAreRefused) {
  EXPECT_EQ(refused(adding(Model::floats("c", {2}, {1, NAN}))),
            "y_node: shift has an entry that is not finite (index 1)");
  Model m({1, 2});
  m.constant("w", {2, 1}, {1, INFINITY});
  m.node("MatMul", {"x", "w"}, {"y"});
  EXPECT_EQ(refused(m), "y_node: weight has an entry that is not finite (index 1)");
}

TEST_F(OnnxTensor, ExternalDataAreReadFromTheirPlace) {
  write("w.bin", bytes_of<float>({9, 9, 0.5, -3, 9}));
  EXPECT_EQ(value(external("w.bin", "8", "8")), (Values{0.5, -3}));
  EXPECT_EQ(value(external("w.bin", "", "")), (Values{9, 9}));
  std::filesystem::create_directory(directory() / "sub");
  write("sub/w.bin", bytes_of<float>({1, 2}));
  const NetworkFile file = read(adding(external("sub/w.bin", "", "8")));
  EXPECT_THAT(file.facts, ::testing::Contains(
                              ::testing::Pair("external data", HasSubstr("sub/w.bin (8 bytes, sha256 "))));
  ASSERT_EQ(file.source.external.size(), 1U);
  EXPECT_EQ(file.source.external[0].location, "sub/w.bin");
  // printf '\x00\x00\x80\x3f\x00\x00\x00\x40' | sha256sum
  EXPECT_EQ(file.source.external[0].sha256,
            "b9c80b5adeca450753a16950c3cc655d271f7bef7a485bc83f112b72fef21d37");
}

TEST_F(OnnxTensor, ExternalDataThatAreNotThereAreNamed) {
  EXPECT_EQ(refused(adding(external("gone.bin", "", ""))),
            "initialiser 'c': its external data file 'gone.bin' cannot be used: there is no such file");
  write("w.bin", "1234");
  EXPECT_THAT(refused(adding(external("w.bin", "0", "8"))),
              HasSubstr("its external data end beyond the 4 bytes"));
  EXPECT_THAT(refused(adding(external("w.bin", "18446744073709551615", "8"))),
              HasSubstr("end beyond the 4 bytes"));
  EXPECT_THAT(refused(adding(external("w.bin", "0", "4"))),
              HasSubstr("needs 8 bytes but its external data have 4"));
  EXPECT_THAT(refused(adding(external("w.bin", "-1", "8"))),
              HasSubstr("its external data have the offset '-1'"));
}

TEST_F(OnnxTensor, AnExternalFileOfManyNamesIsReadOnce) {
  write("w.bin", bytes_of<float>({0.5, -3}));
  std::filesystem::create_symlink("w.bin", directory() / "link.bin");
  Model m({1, 2});
  for (const char* location : {"w.bin", "./w.bin", "link.bin"}) {
    auto tensor = external(location, "", "");
    tensor.set_name(location);
    m.tensor(std::move(tensor));
  }
  m.node("Add", {"x", "w.bin"}, {"a"});
  m.node("Mul", {"a", "./w.bin"}, {"b"});
  m.node("Sub", {"b", "link.bin"}, {"y"});
  const NetworkFile file = read(m);
  EXPECT_EQ(file.network.evaluate(std::vector<double>{0, 0}), (Values{-0.25, 12}));
  EXPECT_EQ(std::count_if(file.facts.begin(), file.facts.end(),
                          [](const auto& fact) { return fact.first == "external data"; }),
            1);
}

TEST_F(OnnxTensor, ExternalDataStayBelowTheModel) {
  for (const char* location : {"../w.bin", "/etc/hostname", "a/../../w.bin", "", "a/.."}) {
    EXPECT_THAT(refused(adding(external(location, "", ""))), HasSubstr("is not below the model's directory"))
        << location;
  }
  std::filesystem::create_symlink("/etc/hostname", directory() / "link.bin");
  EXPECT_THAT(refused(adding(external("link.bin", "", ""))),
              HasSubstr("'link.bin' is not below the model's directory"));
}

}  // namespace
}  // namespace geolip
