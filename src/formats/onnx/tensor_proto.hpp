/// \file
/// Tensors as ONNX files store them.
#pragma once

#include <formats/onnx/budget.hpp>
#include <formats/onnx/tensor.hpp>

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <map>

namespace geolip::formats::onnx_graph {

/// The files beside a model that hold its large tensors. Each is read once.
class ExternalData {
 public:
  ExternalData(std::filesystem::path directory, Budget& budget)
      : directory_(std::move(directory)), budget_(budget) {}

  /// The bytes of a tensor whose data_location is EXTERNAL. Throws NetworkError if the location leaves the
  /// model's directory, the file is missing, or it is shorter than the entry says.
  Bytes bytes_of(const onnx::TensorProto& tensor, Index needed);

  /// "weights.data (1234 bytes, sha256 ...)" for every file that was read.
  Facts facts() const;
  /// The files that were read.
  std::vector<ExternalFile> read_files() const;

 private:
  struct File {
    std::string location;  ///< as the model calls it first
    std::vector<unsigned char> bytes;
  };

  const std::vector<unsigned char>& file(const std::string& location);

  std::filesystem::path directory_;
  Budget& budget_;
  std::map<std::filesystem::path, File> files_;  ///< by where they really are: one file has many names
};

/// The tensor's numbers. Sizes are checked against the data before anything is allocated. Throws NetworkError
/// if they do not agree or the element type is not one of the floats and integers that GeoLIP knows.
Tensor decode(const onnx::TensorProto& tensor, ExternalData& external);

/// Whether a data type of ONNX is a float that GeoLIP knows, and its name for messages.
bool is_float(Index data_type);
std::string type_name(Index data_type);

}  // namespace geolip::formats::onnx_graph
