/// \file
/// Networks from files.
#pragma once

#include <geolip/network.hpp>
#include <geolip/result.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace geolip {

/// Choices a file format leaves open.
struct ReadOptions {
  /// Activation between the layers of a file that holds weights alone (.mat, .npz). Default: ReLU.
  /// Setting it for a file that names its own activations is an error.
  std::optional<Activation> activation;
  /// .onnx: drop a final Softmax or LogSoftmax and bound the logits. Without it such a network is refused.
  bool logits = false;
  /// .nnet: fold the header's input and output scaling into the network, so that bounds are in the
  /// header's physical units. Default: the network's own normalised units.
  bool physical_units = false;
};

/// A file beside a network's own that holds some of its weights (.onnx).
struct ExternalFile {
  std::string location;  ///< as the network's file writes it, relative to its folder
  std::string sha256;    ///< of the bytes, lower-case hex
};

/// The file that a network was read from, as canonical files and certificates name it.
struct Source {
  std::string file;                    ///< its name, without the folder
  std::string sha256;                  ///< of its bytes, lower-case hex
  std::vector<ExternalFile> external;  ///< every other file that was read, by location
  ReadOptions reading;                 ///< what it was read with
  /// Whether reading took arithmetic that rounds: a Gemm's alpha times a float64 weight, weights that an ONNX
  /// graph computes from others. Bounds of the network, verified ones too, are then about numbers within
  /// rounding of the file's. Scales of affine layers do not count (Bound::proofs).
  bool rounded = false;
};

/// A network and what its file says about it.
struct NetworkFile {
  Network network;
  std::string format;  ///< "onnx", "mat", "npz", "nnet" or "canonical"
  std::string sha256;  ///< of the file's bytes, lower-case hex
  /// Facts for `geolip info`, in order: key and value ("producer", "pytorch 2.1"), ("opset", "13"), ...
  std::vector<std::pair<std::string, std::string>> facts;
  Source source;  ///< this file, or the one that a canonical file was made from
};

/// Reads a network; the format is chosen by the file's extension (.onnx .mat .npz .nnet).
/// Throws NetworkError in one sentence that names the file and the thing at fault: a file that cannot
/// be read, is malformed, or holds an operator that GeoLIP does not know.
NetworkFile read_network(const std::filesystem::path& path, const ReadOptions& options = {});

/// The network as a canonical file (docs/network-file.md): an .npz archive whose bytes the network and its
/// source decide alone, and which `read_network` reads to the same network. Throws NetworkError if it would
/// be larger than such a file can be, 4 GiB.
std::string canonical_bytes(const NetworkFile& file);

/// The certificate of a bound as JSON (docs/certificate.md), for `geolip verify` and anyone else's checker.
/// \pre bound.proved()
std::string certificate_text(const NetworkFile& file, const Bound& bound);

}  // namespace geolip
