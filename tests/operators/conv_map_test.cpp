// The linear map of a stage of convolutions against the dense matrix that it stands for, whatever the scales
// of its two ends: those that are the same all over a channel go into float weights.
#include <network/entries.hpp>
#include <operators/linear_map.hpp>
#include <support/backends.hpp>
#include <support/device_matrix.hpp>
#include <support/random_networks.hpp>

namespace geolip {
namespace {

using backend::Backend;
using Eigen::MatrixXd;
using test::expect_within;
using test::Random;
using test::random_values;
using test::RowMajor;

constexpr Index channels = 2;
constexpr std::array<Index, 2> image{4, 3};
constexpr Index inputs = channels * 12;

Conv random_conv(Random& random, Index from, Index to, Index groups, std::array<Index, 2> stride) {
  Conv conv;
  conv.channels = from;
  conv.image = image;
  conv.filters = to;
  conv.groups = groups;
  conv.kernel = {3, 2};
  conv.stride = stride;
  conv.pads_before = {1, 0};
  conv.pads_after = {1, 1};
  for (Index i = 0; i < to * from / groups * 6; ++i) conv.weight.push_back(random.normal());
  return conv;
}

MatrixXd dense(const Sparse& sparse) {
  MatrixXd matrix = MatrixXd::Zero(sparse.outputs(), sparse.inputs);
  for (Index i = 0; i < sparse.outputs(); ++i) {
    for (Index k = sparse.offset[static_cast<std::size_t>(i)];
         k < sparse.offset[static_cast<std::size_t>(i) + 1]; ++k)
      matrix(i, sparse.column[static_cast<std::size_t>(k)]) += sparse.value[static_cast<std::size_t>(k)];
  }
  return matrix;
}

/// One stage, and its matrix.
struct Stage {
  Network network{inputs};
  MatrixXd matrix = MatrixXd::Identity(inputs, inputs);
  Index in_channel = image[0] * image[1];
  Index out_channel = in_channel;

  void conv(const Conv& conv) {
    network.add({"conv", conv});
    matrix = dense(network::to_sparse(conv)) * matrix;
    out_channel = conv.output(0) * conv.output(1);
  }
  void transpose(const Conv& conv) {
    const ConvTranspose layer{conv, {}};
    network.add({"transpose", layer});
    matrix = dense(network::to_sparse(layer)) * matrix;
    out_channel = conv.image[0] * conv.image[1];
  }
  void affine(Random& random) {
    Affine affine;
    for (Index i = 0; i < network.outputs(); ++i) affine.scale.push_back(random.normal());
    matrix = Eigen::Map<const Eigen::VectorXd>(affine.scale.data(), network.outputs()).asDiagonal() * matrix;
    network.add({"affine", affine});
  }
};

std::vector<Stage> all_stages(Random& random) {
  std::vector<Stage> stages(7);
  stages[0].conv(random_conv(random, 2, 3, 1, {1, 1}));
  stages[1].conv(random_conv(random, 2, 4, 2, {2, 1}));
  stages[2].transpose(random_conv(random, 3, 2, 1, {1, 1}));
  stages[3].transpose(random_conv(random, 4, 2, 2, {1, 1}));
  stages[4].conv(random_conv(random, 2, 2, 1, {1, 1}));
  stages[4].conv(random_conv(random, 2, 3, 1, {2, 2}));
  stages[5].conv(random_conv(random, 2, 2, 2, {1, 1}));
  stages[5].affine(random);
  stages[5].transpose(random_conv(random, 3, 2, 1, {1, 1}));
  stages[6].affine(random);
  stages[6].conv(random_conv(random, 2, 2, 1, {1, 1}));
  return stages;
}

/// Exponents, for each channel or for each neuron.
std::vector<int> exponents(Random& random, Index size, Index channel, bool by_channel) {
  std::vector<int> result;
  for (Index i = 0; i < size; ++i) {
    const bool same = by_channel && i % channel != 0;
    result.push_back(same ? result.back() : static_cast<int>(random.integer(-6, 6)));
  }
  return result;
}

template <class T>
void expect_stage(Backend& backend, const Stage& stage, const problem::Scaling& scaling, Random& random) {
  const std::vector<int>& in = scaling.tensors[0];
  const std::vector<int>& out = scaling.tensors[1];
  MatrixXd b = stage.matrix;
  for (Index i = 0; i < b.rows(); ++i) b.row(i) *= std::ldexp(1.0, out[static_cast<std::size_t>(i)]);
  for (Index j = 0; j < b.cols(); ++j) b.col(j) *= std::ldexp(1.0, -in[static_cast<std::size_t>(j)]);
  Network network = stage.network;
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"last", Dense{test::random_matrix(random, 1, network.outputs(), 1.0), {}}});
  const problem::Chain chain = problem::make_chain(network);
  auto maps = operators::make_linear_maps<T>(backend, chain, scaling);
  constexpr Index columns = 4;
  const RowMajor<T> x = random_values<T>(random, b.cols(), columns);
  const RowMajor<T> y = random_values<T>(random, b.rows(), columns);
  const test::DeviceMatrix<T> x_in(backend, x);
  const test::DeviceMatrix<T> y_in(backend, y);
  test::DeviceMatrix<T> bx(backend, b.rows(), columns);
  test::DeviceMatrix<T> by(backend, b.cols(), columns);
  maps[0].apply(x_in.view(), bx.view());
  maps[0].adjoint(y_in.view(), by.view());
  const MatrixXd xd = x.template cast<double>();
  const MatrixXd yd = y.template cast<double>();
  // of two convolutions the products may cancel
  const MatrixXd size = MatrixXd::Constant(b.rows(), b.cols(), 4.0).cwiseProduct(b.cwiseAbs()) +
                        MatrixXd::Constant(b.rows(), b.cols(), 1e-3 * b.cwiseAbs().maxCoeff());
  expect_within<T>(bx.get(), MatrixXd(b * xd), 400.0, MatrixXd(size * xd.cwiseAbs()));
  expect_within<T>(by.get(), MatrixXd(b.transpose() * yd), 400.0, MatrixXd(size.transpose() * yd.cwiseAbs()));
}

template <class T>
void all_scales(Backend& backend) {
  Random random(53);
  const std::vector<Stage> stages = all_stages(random);
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const Stage& stage = stages[s];
    for (const bool in_by_channel : {true, false}) {
      for (const bool out_by_channel : {true, false}) {
        SCOPED_TRACE(testing::Message() << "stage " << s << " " << in_by_channel << out_by_channel);
        problem::Scaling scaling;
        scaling.tensors.push_back(exponents(random, inputs, stage.in_channel, in_by_channel));
        scaling.tensors.push_back(
            exponents(random, stage.network.outputs(), stage.out_channel, out_by_channel));
        expect_stage<T>(backend, stage, scaling, random);
      }
    }
  }
}

class ConvMaps : public test::OnEveryBackend {};

TEST_P(ConvMaps, FloatAtAllScales) { all_scales<float>(backend()); }
TEST_P(ConvMaps, DoubleAtAllScales) { all_scales<double>(backend()); }

/// Images in several parts, with rows that lie on packs' borders and close together: the ways that a device
/// takes.
template <class T>
void fold_in_parts(Backend& backend) {
  Random random(59);
  const kernels::Window window{2, {5, 3, 1, 1, 1, 5}, {6, 3, 2, 1, 1, 3}};
  constexpr Index columns = 8;
  const Index positions = window.positions();
  const Index taps = window.channels * window.taps();
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  const RowMajor<T> x = random_values<T>(random, window.rows(), columns);
  const backend::Buffer<T> x_in(backend, std::span<const T>(x.data(), at(x.size())), columns);
  backend::Buffer<T> folded(backend, std::vector<T>(at(x.size()), T(1000)), columns);
  RowMajor<T> expected = RowMajor<T>::Zero(window.rows(), columns);
  constexpr Index step = 4;
  auto& kernels = backend.in<T>();
  for (Index first = 0; first < positions; first += step) {
    const Index count = std::min(step, positions - first);
    backend::Buffer<T> unfolded(backend, taps, count * columns);
    kernels.unfold(window, first, count, x_in.view(), unfolded.view());
    const std::vector<T> u = unfolded.download();
    for (Index i = 0; i < taps; ++i) {
      for (Index p = 0; p < count; ++p) {
        const Index row = kernels::source_row(window, i, first + p);
        for (Index j = 0; j < columns; ++j) {
          const T met = u[at((i * count + p) * columns + j)];
          ASSERT_EQ(met, row < 0 ? T(0) : x(row, j)) << i << " " << p << " " << j;
          if (row >= 0) expected(row, j) += met;
        }
      }
    }
    kernels.fold(window, first, count, std::as_const(unfolded).view(), first > 0, folded.view());
  }
  const std::vector<T> got = folded.download();
  for (Index i = 0; i < x.size(); ++i)
    ASSERT_NEAR(got[at(i)], expected.data()[i], 1e-5 * std::abs(expected.data()[i])) << i;
}

TEST_P(ConvMaps, ImagesAreFoldedInPartsInFloat) { fold_in_parts<float>(backend()); }
TEST_P(ConvMaps, ImagesAreFoldedInPartsInDouble) { fold_in_parts<double>(backend()); }

GEOLIP_ON_EVERY_BACKEND(ConvMaps);

}  // namespace
}  // namespace geolip
