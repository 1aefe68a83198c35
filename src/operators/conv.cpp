#include <network/at.hpp>
#include <operators/linear_operator.hpp>

#include <algorithm>
#include <utility>

namespace geolip::operators {
namespace {

using backend::Buffer;
using backend::Scratch;

kernels::Axis axis_of(const Conv& conv, std::size_t axis) {
  return {conv.image[axis],    conv.kernel[axis],      conv.stride[axis],
          conv.dilation[axis], conv.pads_before[axis], conv.output(axis)};
}

// Entries of unfolded images that a convolution makes at a time, at the most, where a single position does
// not have more already. On the host: what a cache holds.
constexpr Index most_unfolded(bool on_host) { return Index{1} << (on_host ? 19 : 26); }
// On a device: entries that its cache holds, so that the product reads them from there; and the least
// positions at a time, as fewer have much of the image folded again and again.
constexpr Index cached_entries = Index{1} << 23;
constexpr Index few_positions = 8;

/// The weights with their factors, filter by filter.
template <class T>
std::vector<T> scaled(const Conv& conv, const ConvScale& scale) {
  const auto factor = [](const std::vector<double>& factors, Index i) {
    return factors.empty() ? 1.0 : at(factors, i);
  };
  const Index taps = conv.kernel[0] * conv.kernel[1];
  const Index channels = conv.channels / conv.groups;
  std::vector<T> result;
  result.reserve(conv.weight.size());
  for (Index f = 0; f < conv.filters; ++f) {
    const Index first = f / (conv.filters / conv.groups) * channels;
    for (Index c = 0; c < channels; ++c) {
      for (Index tap = 0; tap < taps; ++tap) {
        const double weight = conv.weight[result.size()];
        result.push_back(
            static_cast<T>(factor(scale.filters, f) * weight * factor(scale.channels, first + c)));
      }
    }
  }
  return result;
}

/// A convolution as matrix products with unfolded images: positions by positions, so that the room this takes
/// is bounded. With the rows (filter, position) of the result, its memory is that of a matrix filters x
/// (positions columns), and one product a group writes all columns of a batch.
template <class T>
class Convolution {
 public:
  Convolution(Backend& backend, const Conv& conv, const ConvScale& scale,
              std::shared_ptr<Scratch<T>> unfolded)
      : backend_(backend),
        window_{conv.channels / conv.groups, axis_of(conv, 0), axis_of(conv, 1)},
        groups_(conv.groups),
        filters_(conv.filters / conv.groups),
        pointwise_(conv.kernel == std::array<Index, 2>{1, 1} && conv.stride == std::array<Index, 2>{1, 1} &&
                   conv.pads_before == std::array<Index, 2>{0, 0} &&
                   conv.pads_after == std::array<Index, 2>{0, 0}),
        weight_(backend, scaled<T>(conv, scale), window_.channels * window_.taps()),
        unfolded_(std::move(unfolded)) {}

  /// y = K x
  void apply(ConstView<T> x, View<T> y) const {
    auto& kernels = backend_.in<T>();
    for (Index g = 0; g < groups_; ++g) {
      const ConstView<T> image = group(x, g, window_.rows());
      const View<T> result = group(y, g, filters_ * window_.positions());
      if (pointwise_ && x.ld == x.cols && y.ld == y.cols) {
        kernels.multiply(weight(g), by_channel(image, window_.channels, 0, window_.positions()),
                         by_channel(result, filters_, 0, window_.positions()));
        continue;
      }
      for_parts(y, [&](Index first, Index count) {
        const View<T> u = unfolded_->take(weight_.cols(), count * x.cols);
        kernels.unfold(window_, first, count, image, u);
        kernels.multiply(weight(g), u, by_channel(result, filters_, first, count));
      });
    }
  }

  /// x = K' y
  void adjoint(ConstView<T> y, View<T> x) const {
    auto& kernels = backend_.in<T>();
    for (Index g = 0; g < groups_; ++g) {
      const View<T> image = group(x, g, window_.rows());
      const ConstView<T> result = group(y, g, filters_ * window_.positions());
      if (pointwise_ && x.ld == x.cols && y.ld == y.cols) {
        kernels.multiply_transposed(weight(g), by_channel(result, filters_, 0, window_.positions()),
                                    by_channel(image, window_.channels, 0, window_.positions()));
        continue;
      }
      for_parts(y, [&](Index first, Index count) {
        const View<T> u = unfolded_->take(weight_.cols(), count * x.cols);
        kernels.multiply_transposed(weight(g), by_channel(result, filters_, first, count), u);
        kernels.fold(window_, first, count, u, first > 0, image);
      });
    }
  }

  Index inputs() const { return groups_ * window_.rows(); }
  Index outputs() const { return groups_ * filters_ * window_.positions(); }

 private:
  template <class U>
  static View<U> group(View<U> v, Index g, Index rows) {
    return {v.data + g * rows * v.ld, rows, v.cols, v.ld};
  }

  /// Positions first .. first + count - 1 of every channel: one row a channel.
  template <class U>
  View<U> by_channel(View<U> v, Index channels, Index first, Index count) const {
    return {v.data + first * v.ld, channels, count * v.cols, v.rows / channels * v.ld};
  }

  ConstView<T> weight(Index g) const {
    return {weight_.data() + g * filters_ * weight_.cols(), filters_, weight_.cols()};
  }

  /// Calls part(first, count) for all positions. Where rows of the result do not lie close together, one
  /// position is all that a product can write.
  template <class U, class Part>
  void for_parts(View<U> result, const Part& part) const {
    const bool on_host = backend_.shares_host_memory();
    const Index position = weight_.cols() * std::max<Index>(1, result.cols);
    Index entries = most_unfolded(on_host);
    if (!on_host) entries = std::min(entries, std::max(cached_entries, few_positions * position));
    const Index step = result.ld == result.cols ? std::max<Index>(1, entries / position) : 1;
    for (Index first = 0; first < window_.positions(); first += step)
      part(first, std::min(step, window_.positions() - first));
  }

  Backend& backend_;
  kernels::Window window_;
  Index groups_;
  Index filters_;  // of a group
  bool pointwise_;
  Buffer<T> weight_;
  std::shared_ptr<Scratch<T>> unfolded_;
};

/// A convolution, or its transpose.
template <class T>
class ConvOperator final : public LinearOperator<T> {
 public:
  ConvOperator(Backend& backend, Convolution<T> convolution, bool transposed)
      : LinearOperator<T>(transposed ? convolution.outputs() : convolution.inputs(),
                          transposed ? convolution.inputs() : convolution.outputs()),
        backend_(backend),
        convolution_(std::move(convolution)),
        transposed_(transposed) {}

  void apply(ConstView<T> x, View<T> y) const override {
    transposed_ ? convolution_.adjoint(x, y) : convolution_.apply(x, y);
  }
  void adjoint(ConstView<T> y, View<T> x) const override {
    transposed_ ? convolution_.apply(y, x) : convolution_.adjoint(y, x);
  }
  void adjoint_of_diagonal(const T* d, View<T> x) const override {
    adjoint_of_diagonal_by_columns(backend_, d, x,
                                   [this](ConstView<T> from, View<T> to) { adjoint(from, to); });
  }

 private:
  Backend& backend_;
  Convolution<T> convolution_;
  bool transposed_;
};

}  // namespace

template <class T>
std::unique_ptr<LinearOperator<T>> make_conv(Backend& backend, const Conv& conv, const ConvScale& scale,
                                             std::shared_ptr<Scratch<T>> unfolded) {
  return std::make_unique<ConvOperator<T>>(backend, Convolution<T>(backend, conv, scale, std::move(unfolded)),
                                           false);
}

template <class T>
std::unique_ptr<LinearOperator<T>> make_conv_transpose(Backend& backend, const Conv& conv,
                                                       const ConvScale& scale,
                                                       std::shared_ptr<Scratch<T>> unfolded) {
  return std::make_unique<ConvOperator<T>>(backend, Convolution<T>(backend, conv, scale, std::move(unfolded)),
                                           true);
}

template std::unique_ptr<LinearOperator<float>> make_conv(Backend&, const Conv&, const ConvScale&,
                                                          std::shared_ptr<Scratch<float>>);
template std::unique_ptr<LinearOperator<double>> make_conv(Backend&, const Conv&, const ConvScale&,
                                                           std::shared_ptr<Scratch<double>>);
template std::unique_ptr<LinearOperator<float>> make_conv_transpose(Backend&, const Conv&, const ConvScale&,
                                                                    std::shared_ptr<Scratch<float>>);
template std::unique_ptr<LinearOperator<double>> make_conv_transpose(Backend&, const Conv&, const ConvScale&,
                                                                     std::shared_ptr<Scratch<double>>);

}  // namespace geolip::operators
