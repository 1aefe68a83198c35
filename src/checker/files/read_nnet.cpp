// The .nnet text format of the ACAS Xu networks. Its decimal numbers stand for the doubles nearest to them.
#include "checker/files/enclosure.hpp"
#include "checker/files/weight_chain.hpp"

#include <charconv>
#include <cmath>

namespace geolip::checker {
namespace {

/// Numbers separated by commas and white space, behind lines of comments.
class Numbers {
 public:
  explicit Numbers(Bytes file) : text_(reinterpret_cast<const char*>(file.data()), file.size()) {
    for (skip(); text_.starts_with("//"); skip()) {
      const auto end = text_.find('\n');
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end);
    }
  }

  template <typename T>
  T next(const std::string& what) {
    skip();
    std::string_view word = text_.substr(0, text_.find_first_of(separators));
    text_.remove_prefix(word.size());
    std::string_view digits = word;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
      throw ReadError(
          what + ": " +
          (word.empty() ? "the file ends before it" : in_quotes(word) + " is no number that fits here"));
    }
    return value;
  }

  double real(const std::string& what) {
    const auto value = next<double>(what);
    if (!std::isfinite(value)) throw ReadError(what + " is not finite");
    return value;
  }

  /// A size: no more than the file has characters.
  Index size(const std::string& what) {
    const auto value = next<Index>(what);
    if (value < 1 || static_cast<std::size_t>(value) > text_.size()) {
      throw ReadError(what + " is " + std::to_string(value) + ", which cannot be true of this file");
    }
    return value;
  }

  std::vector<double> reals(Index count, const std::string& what) {
    // a number takes a character and a separator
    if (static_cast<std::size_t>(count) > text_.size() / 2 + 1) {
      throw ReadError(what + ": the file ends before its " + std::to_string(count) + " numbers");
    }
    std::vector<double> values;
    values.reserve(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) values.push_back(real(what));
    return values;
  }

  bool at_end() {
    skip();
    return text_.empty();
  }

 private:
  static constexpr const char* separators = ", \t\r\n";

  void skip() {
    const auto begin = text_.find_first_not_of(separators);
    text_.remove_prefix(begin == std::string_view::npos ? text_.size() : begin);
  }

  std::string_view text_;
};

/// (x - mean) / range in front and y range + mean behind, of which the shifts play no part.
void add_units(Network& network, const std::vector<double>& ranges) {
  const auto inputs = static_cast<std::size_t>(network.inputs);
  Scale front;
  for (std::size_t i = 0; i < inputs; ++i) {
    if (ranges[i] == 0.0) throw ReadError("the range of input " + std::to_string(i) + " is zero");
    const Enclosure factor = divide(point(1.0), point(ranges[i]));
    front.lower.push_back(factor.lower);
    front.upper.push_back(factor.upper);
    front.numerator.push_back(1.0);
    front.denominator.push_back(ranges[i]);
  }
  require_finite(front.lower, "the inputs' scaling");
  require_finite(front.upper, "the inputs' scaling");
  const std::vector<double> back(static_cast<std::size_t>(network.outputs), ranges[inputs]);
  network.layers.insert(network.layers.begin(), {"input scaling", std::move(front)});
  network.layers.push_back({"output scaling", Scale{back, back, {}, {}}});
}

}  // namespace

Network read_nnet(Bytes file, const Reading& reading) {
  Numbers numbers(file);
  const Index layers = numbers.size("the number of layers");
  const Index inputs = numbers.size("the number of inputs");
  const Index outputs = numbers.size("the number of outputs");
  numbers.size("the largest layer's size");
  std::vector<Index> sizes;
  for (Index l = 0; l <= layers; ++l) sizes.push_back(numbers.size("the size of layer " + std::to_string(l)));
  if (sizes.front() != inputs || sizes.back() != outputs) {
    throw ReadError("the header's inputs and outputs are not those of its layers");
  }
  numbers.real("the header's unused flag");
  numbers.reals(inputs, "the inputs' minimums");
  numbers.reals(inputs, "the inputs' maximums");
  numbers.reals(inputs + 1, "the means");
  const std::vector<double> ranges = numbers.reals(inputs + 1, "the ranges");
  std::vector<Weight> weights;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    const std::string name = "layer" + std::to_string(l + 1);
    Dense dense{sizes[l + 1], sizes[l], {}};
    dense.weight = numbers.reals(product(dense.rows, dense.cols, name), "the weights of " + name);
    numbers.reals(dense.rows, "the biases of " + name);
    weights.push_back({name, std::move(dense), sizes[l + 1]});
  }
  if (!numbers.at_end()) throw ReadError("the file goes on after the last layer's biases");
  Network network = chain_of(std::move(weights), "relu");
  if (reading.physical_units) add_units(network, ranges);
  return network;
}

}  // namespace geolip::checker
