/// \file
/// Networks from bytes, read independently of the solver: the same formats, other code. What is not
/// understood ends in a ReadError that names it. Nothing here recurses on what a file holds, and no
/// memory is taken that the file's own bytes do not ask for.
#pragma once

#include "checker/files/bytes.hpp"

#include <functional>
#include <optional>

namespace geolip::checker {

/// Choices a file format leaves open; a certificate states those that were made.
struct Reading {
  std::optional<std::string> activation;  ///< .mat, .npz: between the layers; default "relu"
  bool logits = false;                    ///< .onnx: a final Softmax is dropped
  bool physical_units = false;            ///< .nnet: the header's scaling is part of the network
  bool operator==(const Reading&) const = default;
};

/// Gives the bytes of an external data file of a model, by its location as the model writes it; throws
/// ReadError if it may not or cannot.
using ExternalData = std::function<std::vector<unsigned char>(const std::string& location)>;

Network read_onnx(Bytes file, const Reading& reading, const ExternalData& external);
Network read_mat(Bytes file, const Reading& reading);
Network read_npz(Bytes file, const Reading& reading);
Network read_nnet(Bytes file, const Reading& reading);

/// Reads a network; the format is that of the file's extension (".onnx", in any case). Throws ReadError too
/// for choices that the format does not leave open.
Network read_network(Bytes file, std::string_view extension, const Reading& reading,
                     const ExternalData& external);

}  // namespace geolip::checker
