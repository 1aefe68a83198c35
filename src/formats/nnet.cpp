// The .nnet text format of the ACAS Xu networks: a header with the scaling of inputs and outputs, then
// weights and biases layer by layer.
#include <formats/reader.hpp>
#include <formats/weight_chain.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace geolip::formats {
namespace {

constexpr std::string_view separators = ", \t\r\n";

/// Takes numbers off a text in which they are separated by commas and white space.
class NumberReader {
 public:
  explicit NumberReader(Bytes file)
      : text_(reinterpret_cast<const char*>(file.data()), file.size()), size_(file.size()) {}

  void skip_comments() {
    skip_separators();
    while (text_.starts_with("//")) {
      const auto end = text_.find('\n');
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
      skip_separators();
    }
  }

  double real(const std::string& what) { return next<double>(what); }

  /// A count from 1 up to what the file could hold with a character or more for each.
  Index count(const std::string& what) {
    const auto value = next<Index>(what);
    if (value < 1 || value > static_cast<Index>(size_))
      fail(what, " is ", value, ", which cannot be true of this file");
    return value;
  }

  std::vector<double> reals(Index n, const std::string& what) {
    require(n, what);
    std::vector<double> values;
    values.reserve(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) values.push_back(real(what));
    return values;
  }

  /// Throws NetworkError if the rest of the file is too short for n numbers.
  void require(Index n, const std::string& what) const {
    // each number takes one character and, but for the last, a separator
    if (n > static_cast<Index>(text_.size() / 2 + 1))
      fail(what, ": the file ends before its ", n, " numbers");
  }

  bool at_end() {
    skip_separators();
    return text_.empty();
  }

 private:
  void skip_separators() {
    const auto begin = text_.find_first_not_of(separators);
    text_.remove_prefix(begin == std::string_view::npos ? text_.size() : begin);
  }

  template <typename T>
  T next(const std::string& what) {
    skip_separators();
    if (text_.empty()) fail("the file ends where ", what, " should be");
    if (text_.front() == '+') text_.remove_prefix(1);
    T value{};
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    const auto used = static_cast<std::size_t>(end - text_.data());
    const bool whole = used == text_.size() || separators.find(text_[used]) != std::string_view::npos;
    if (error != std::errc() || !whole) {
      const std::string_view start = text_.substr(0, 20);  // what is no text may go on for gigabytes
      fail(what, ": '", printable(start.substr(0, start.find_first_of(separators))),
           "' is not a number that fits here");
    }
    text_.remove_prefix(used);
    return value;
  }

  std::string_view text_;
  std::size_t size_;
};

/// Means and ranges are those of the inputs, then one of all outputs.
struct Header {
  std::vector<Index> sizes;
  std::vector<double> minimums, maximums, means, ranges;
};

Header read_header(NumberReader& reader) {
  reader.skip_comments();
  Header header;
  const Index layers = reader.count("the number of layers");
  const Index inputs = reader.count("the number of inputs");
  const Index outputs = reader.count("the number of outputs");
  reader.count("the largest layer's size");
  reader.require(layers + 1, "the sizes of the layers");
  for (Index l = 0; l <= layers; ++l)
    header.sizes.push_back(reader.count("the size of layer " + std::to_string(l)));
  if (header.sizes.front() != inputs || header.sizes.back() != outputs) {
    fail("the header states ", inputs, " inputs and ", outputs, " outputs but layers from ",
         header.sizes.front(), " to ", header.sizes.back());
  }
  reader.real("the header's unused flag");
  header.minimums = reader.reals(inputs, "the inputs' minimums");
  header.maximums = reader.reals(inputs, "the inputs' maximums");
  header.means = reader.reals(inputs + 1, "the means");
  header.ranges = reader.reals(inputs + 1, "the ranges");
  return header;
}

std::vector<WeightLayer> read_layers(NumberReader& reader, const std::vector<Index>& sizes) {
  std::vector<WeightLayer> layers;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    WeightLayer layer;
    layer.name = "layer" + std::to_string(l + 1);
    layer.weight.rows = sizes[l + 1];
    layer.weight.cols = sizes[l];
    const Index count = checked_product(sizes[l + 1], sizes[l], layer.name);
    layer.weight.data = reader.reals(count, "the weights of " + layer.name);
    layer.bias = reader.reals(sizes[l + 1], "the biases of " + layer.name);
    layers.push_back(std::move(layer));
  }
  if (!reader.at_end()) fail("the file goes on after the last layer's biases");
  return layers;
}

/// Puts (x - mean) / range in front and y range + mean behind.
Network in_physical_units(const Network& network, const Header& header) {
  const auto inputs = static_cast<std::size_t>(network.inputs());
  const auto outputs = static_cast<std::size_t>(network.outputs());
  Affine front;
  for (std::size_t i = 0; i < inputs; ++i) {
    if (header.ranges[i] == 0.0) fail("the range of input ", i, " is zero, so it has no physical units");
    front.scale.push_back(1.0 / header.ranges[i]);
    front.shift.push_back(-header.means[i] / header.ranges[i]);
  }
  Network scaled(network.inputs());
  scaled.add({"input scaling", std::move(front)});
  for (const Layer& layer : network.layers()) scaled.add(layer);
  scaled.add({"output scaling", Affine{std::vector<double>(outputs, header.ranges[inputs]),
                                       std::vector<double>(outputs, header.means[inputs])}});
  return scaled;
}

std::string list(const std::vector<double>& values, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<char, 32> number{};
    const auto end = std::to_chars(number.data(), number.data() + number.size(), values[i]).ptr;
    text += (i == 0 ? "" : " ") + std::string(number.data(), end);
  }
  return text;
}

}  // namespace

Parsed read_nnet(Bytes file, const ReadOptions& options) {
  NumberReader reader(file);
  const Header header = read_header(reader);
  std::vector<WeightLayer> layers = read_layers(reader, header.sizes);
  Network network = chain_of_weights(std::move(layers), std::nullopt);
  const auto inputs = static_cast<std::size_t>(network.inputs());
  Facts facts{
      {"input minimums", list(header.minimums, inputs)},
      {"input maximums", list(header.maximums, inputs)},
      {"input means", list(header.means, inputs)},
      {"input ranges", list(header.ranges, inputs)},
      {"output mean", list({header.means[inputs]}, 1)},
      {"output range", list({header.ranges[inputs]}, 1)},
      {"units", options.physical_units ? "physical (the header's scaling is part of the network)"
                                       : "normalised (the header's scaling is not part of the network)"}};
  if (options.physical_units) network = in_physical_units(network, header);
  return {std::move(network), std::move(facts)};
}

}  // namespace geolip::formats
