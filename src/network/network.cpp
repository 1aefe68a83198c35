#include <geolip/error.hpp>
#include <geolip/network.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace geolip {
namespace {

[[noreturn]] void fail(const std::string& layer, const std::string& what) {
  throw NetworkError(layer + ": " + what);
}

void require_finite(const std::string& layer, const char* what, std::span<const double> values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad != values.end()) {
    fail(layer, std::string(what) + " has an entry that is not finite (index " +
                    std::to_string(bad - values.begin()) + ")");
  }
}

void require_size(const std::string& layer, const char* what, std::size_t have, Index want) {
  if (have != static_cast<std::size_t>(want)) {
    fail(layer, std::string(what) + " has " + std::to_string(have) + " entries but " + std::to_string(want) +
                    " are needed");
  }
}

/// Checks a layer that reads one tensor against its size, and returns that of its own.
struct CheckLayer {
  const std::string& name;
  Index inputs;

  Index operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    if (w.rows < 1 || w.cols < 1) {
      fail(name, "weight is empty");
    }
    if (w.cols != inputs) {
      fail(name, "weight is " + std::to_string(w.rows) + "x" + std::to_string(w.cols) +
                     " but its input has " + std::to_string(inputs) + " coordinates");
    }
    Index entries = 0;
    if (__builtin_mul_overflow(w.rows, w.cols, &entries)) {
      fail(name, "weight of " + std::to_string(w.rows) + "x" + std::to_string(w.cols) +
                     " is larger than any memory");
    }
    require_size(name, "weight", w.data.size(), entries);
    require_finite(name, "weight", w.data);
    if (!dense.bias.empty()) {
      require_size(name, "bias", dense.bias.size(), w.rows);
      require_finite(name, "bias", dense.bias);
    }
    return w.rows;
  }

  Index operator()(const Affine& affine) const {
    require_size(name, "scale", affine.scale.size(), inputs);
    require_finite(name, "scale", affine.scale);
    if (!affine.shift.empty()) {
      require_size(name, "shift", affine.shift.size(), inputs);
      require_finite(name, "shift", affine.shift);
    }
    return inputs;
  }

  Index operator()(const Permutation& permutation) const {
    require_size(name, "permutation", permutation.source.size(), inputs);
    std::vector<bool> seen(static_cast<std::size_t>(inputs), false);
    for (const Index i : permutation.source) {
      if (i < 0 || i >= inputs || at(seen, i)) {
        fail(name, "index " + std::to_string(i) + " does not belong to a permutation");
      }
      at(seen, i) = true;
    }
    return inputs;
  }

  Index operator()(const Conv& conv) const {
    check_convolution(conv);
    require_inputs("its input of " + image(conv.channels, conv.image), conv.inputs());
    if (!conv.bias.empty()) {
      require_size(name, "bias", conv.bias.size(), conv.filters);
      require_finite(name, "bias", conv.bias);
    }
    return conv.outputs();
  }

  Index operator()(const ConvTranspose& transpose) const {
    const Conv& conv = transpose.conv;
    check_convolution(conv);
    if (!conv.bias.empty()) fail(name, "the convolution that it transposes has a bias");
    require_inputs("its input of " + image(conv.filters, {conv.output(0), conv.output(1)}), conv.outputs());
    if (!transpose.bias.empty()) {
      require_size(name, "bias", transpose.bias.size(), conv.channels);
      require_finite(name, "bias", transpose.bias);
    }
    return conv.inputs();
  }

  Index operator()(const Sparse& sparse) const {
    require_inputs("the matrix of " + std::to_string(sparse.inputs) + " columns", sparse.inputs);
    if (sparse.offset.size() < 2 || sparse.offset.front() != 0 ||
        !std::is_sorted(sparse.offset.begin(), sparse.offset.end())) {
      fail(name, "the offsets of its rows are no ascending list from 0 on");
    }
    require_size(name, "list of columns", sparse.column.size(), sparse.offset.back());
    require_size(name, "list of values", sparse.value.size(), sparse.offset.back());
    require_finite(name, "list of values", sparse.value);
    for (const Index j : sparse.column) {
      if (j < 0 || j >= inputs) fail(name, "column " + std::to_string(j) + " does not exist");
    }
    return sparse.outputs();
  }

  Index operator()(const Activation& activation) const {
    if (activation.kind() == ActivationKind::prelu)
      require_size(name, "slope", activation.slopes().size(), inputs);
    return inputs;
  }

 private:
  static std::string image(Index channels, const std::array<Index, 2>& size) {
    return std::to_string(channels) + "x" + std::to_string(size[0]) + "x" + std::to_string(size[1]);
  }

  void require_inputs(const std::string& what, Index size) const {
    if (size != inputs)
      fail(name, what + " does not fit a tensor of " + std::to_string(inputs) + " coordinates");
  }

  /// Everything that the sizes of tensors and weights are computed from.
  void check_convolution(const Conv& conv) const {
    constexpr Index largest = Index{1} << 30;
    const auto require = [&](const char* what, Index value, Index least) {
      if (value < least || value > largest)
        fail(name, std::string(what) + " of " + std::to_string(value) + " makes no sense");
    };
    require("a number of channels", conv.channels, 1);
    require("a number of filters", conv.filters, 1);
    require("a number of groups", conv.groups, 1);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      require("an image size", conv.image[axis], 1);
      require("a kernel size", conv.kernel[axis], 1);
      require("a stride", conv.stride[axis], 1);
      require("a dilation", conv.dilation[axis], 1);
      require("a padding", conv.pads_before[axis], 0);
      require("a padding", conv.pads_after[axis], 0);
      if (conv.output(axis) < 1) fail(name, "the kernel is larger than the padded image");
    }
    if (conv.channels % conv.groups != 0 || conv.filters % conv.groups != 0) {
      fail(name, std::to_string(conv.channels) + " channels and " + std::to_string(conv.filters) +
                     " filters do not fall into " + std::to_string(conv.groups) + " groups");
    }
    const auto product = [&](std::initializer_list<Index> factors) {
      Index result = 1;
      for (const Index factor : factors) {
        if (__builtin_mul_overflow(result, factor, &result)) fail(name, "it is larger than any memory");
      }
      return result;
    };
    product({conv.channels, conv.image[0], conv.image[1]});
    product({conv.filters, conv.output(0), conv.output(1)});
    require_size(name, "weight", conv.weight.size(),
                 product({conv.filters, conv.channels / conv.groups, conv.kernel[0], conv.kernel[1]}));
    require_finite(name, "weight", conv.weight);
  }
};

/// Checks a layer against the sizes of the tensors that it reads, and returns that of its own.
struct CheckTensors {
  const std::string& name;
  const std::vector<Index>& sizes;

  Index operator()(const Add& add) const {
    if (!add.coefficients.empty()) {
      require_size(name, "list of coefficients", add.coefficients.size(), static_cast<Index>(sizes.size()));
      require_finite(name, "list of coefficients", add.coefficients);
    }
    for (const Index size : sizes) {
      if (size != sizes.front()) {
        fail(name, "a tensor of " + std::to_string(sizes.front()) +
                       " coordinates cannot be added to one of " + std::to_string(size));
      }
    }
    return sizes.front();
  }
  Index operator()(const Concat&) const {
    Index sum = 0;
    for (const Index size : sizes) {
      if (__builtin_add_overflow(sum, size, &sum)) fail(name, "its output is larger than any memory");
    }
    return sum;
  }
  template <class Op>
  Index operator()(const Op& op) const {
    if (sizes.size() != 1) fail(name, "it reads " + std::to_string(sizes.size()) + " tensors but takes one");
    return CheckLayer{name, sizes.front()}(op);
  }
};

}  // namespace

Network::Network(Index inputs) : sizes_{inputs} {
  if (inputs < 1) {
    throw NetworkError("network: it has " + std::to_string(inputs) + " inputs but needs at least one");
  }
}

Index Network::add(Layer layer) {
  const auto last = static_cast<Index>(layers_.size());
  return add(std::move(layer), {last});
}

Index Network::add(Layer layer, std::vector<Index> tensors) {
  if (tensors.empty()) fail(layer.name, "it reads no tensor");
  std::vector<Index> sizes;
  for (const Index t : tensors) {
    if (t < 0 || t > static_cast<Index>(layers_.size())) {
      fail(layer.name, "tensor " + std::to_string(t) + " does not exist");
    }
    sizes.push_back(size(t));
  }
  const Index outputs = std::visit(CheckTensors{layer.name, sizes}, layer.op);
  layers_.push_back(std::move(layer));
  reads_.push_back(std::move(tensors));
  sizes_.push_back(outputs);
  return static_cast<Index>(layers_.size());
}

bool Network::is_chain() const {
  for (std::size_t l = 0; l < reads_.size(); ++l) {
    if (reads_[l] != std::vector<Index>{static_cast<Index>(l)}) return false;
  }
  return true;
}

}  // namespace geolip
