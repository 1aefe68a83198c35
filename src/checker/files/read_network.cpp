#include "checker/files/read_network.hpp"

#include <algorithm>

namespace geolip::checker {

Network read_network(Bytes file, std::string_view extension, const Reading& reading,
                     const ExternalData& external) {
  std::string format(extension);
  std::transform(format.begin(), format.end(), format.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const bool weights_alone = format == ".mat" || format == ".npz";
  if (!weights_alone && format != ".onnx" && format != ".nnet") {
    throw ReadError("the extension " + in_quotes(extension) + " is none of .onnx, .mat, .npz, .nnet");
  }
  if (reading.activation && !weights_alone) {
    throw ReadError("an activation cannot be chosen because the file names its own");
  }
  if (reading.physical_units && format != ".nnet") {
    throw ReadError("physical units cannot be chosen because only .nnet files state them");
  }
  if (format == ".onnx") return read_onnx(file, reading, external);
  if (format == ".mat") return read_mat(file, reading);
  if (format == ".npz") return read_npz(file, reading);
  return read_nnet(file, reading);
}

}  // namespace geolip::checker
