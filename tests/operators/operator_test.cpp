// Convolutions and sparse matrices in every backend, against the matrices that their layers state.
#include <network/entries.hpp>
#include <operators/linear_operator.hpp>
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

namespace geolip {
namespace {

using backend::Backend;
using Eigen::MatrixXd;
using operators::LinearOperator;
using test::DeviceMatrix;
using test::expect_within;
using test::Random;
using test::random_values;
using test::RowMajor;

template <class Op>
MatrixXd matrix_of(const Op& op) {
  MatrixXd b = MatrixXd::Zero(network::outputs_of(op), network::inputs_of(op));
  network::for_each_entry(op, [&](Index i, Index j, double w) { b(i, j) += w; });
  return b;
}

/// The sizes of all that adds up to an entry.
template <class Op>
MatrixXd sizes_of(const Op& op) {
  MatrixXd b = MatrixXd::Zero(network::outputs_of(op), network::inputs_of(op));
  network::for_each_entry(op, [&](Index i, Index j, double w) { b(i, j) += std::abs(w); });
  return b;
}

/// A convolution of any kind that fits a small image.
Conv random_conv(Random& random) {
  while (true) {
    Conv conv;
    conv.groups = random.integer(1, 2);
    conv.channels = conv.groups * random.integer(1, 3);
    conv.filters = conv.groups * random.integer(1, 3);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      conv.image[axis] = random.integer(1, 8);
      conv.kernel[axis] = random.integer(1, 4);
      conv.stride[axis] = random.integer(1, 3);
      conv.dilation[axis] = random.integer(1, 2);
      conv.pads_before[axis] = random.integer(0, 3);
      conv.pads_after[axis] = random.integer(0, 3);
    }
    if (conv.output(0) < 1 || conv.output(1) < 1) continue;
    conv.weight.resize(static_cast<std::size_t>(conv.filters * (conv.channels / conv.groups) *
                                                conv.kernel[0] * conv.kernel[1]));
    for (double& w : conv.weight) w = random.normal();
    return conv;
  }
}

Sparse random_sparse(Random& random) {
  Sparse sparse;
  sparse.inputs = random.integer(1, 9);
  const Index rows = random.integer(1, 9);
  for (Index i = 0; i < rows; ++i) {
    for (Index k = random.integer(0, 4); k > 0; --k) {
      const Index column = random.integer(0, sparse.inputs - 1);
      sparse.add(column, random.normal());
    }
    sparse.end_row();
  }
  return sparse;
}

/// B in all of an operator's methods, for matrices of some columns whose rows lie close together and ones
/// whose do not.
template <class T>
void expect_is(Backend& backend, const LinearOperator<T>& op, const MatrixXd& b, const MatrixXd& sizes,
               Index columns, Random& random) {
  ASSERT_EQ(op.outputs(), b.rows());
  ASSERT_EQ(op.inputs(), b.cols());
  const double units = 8.0 + 2.0 * static_cast<double>(std::max(b.rows(), b.cols()));
  const RowMajor<T> x = random_values<T>(random, b.cols(), columns);
  const RowMajor<T> y = random_values<T>(random, b.rows(), columns);
  const MatrixXd bx = b * x.template cast<double>();
  const MatrixXd by = b.transpose() * y.template cast<double>();
  const MatrixXd bx_size = sizes * x.template cast<double>().cwiseAbs();
  const MatrixXd by_size = sizes.transpose() * y.template cast<double>().cwiseAbs();
  const DeviceMatrix<T> x_in(backend, x);
  const DeviceMatrix<T> y_in(backend, y);
  DeviceMatrix<T> bx_out(backend, b.rows(), columns);
  DeviceMatrix<T> by_out(backend, b.cols(), columns);
  op.apply(x_in.view(), bx_out.view());
  op.adjoint(y_in.view(), by_out.view());
  expect_within<T>(bx_out.get(), bx, units, bx_size);
  expect_within<T>(by_out.get(), by, units, by_size);
  const backend::Buffer<T> x_close(backend, std::span<const T>(x.data(), static_cast<std::size_t>(x.size())),
                                   columns);
  const backend::Buffer<T> y_close(backend, std::span<const T>(y.data(), static_cast<std::size_t>(y.size())),
                                   columns);
  backend::Buffer<T> bx_close(backend, b.rows(), columns);
  backend::Buffer<T> by_close(backend, b.cols(), columns);
  op.apply(x_close.view(), bx_close.view());
  op.adjoint(y_close.view(), by_close.view());
  const auto close = [](const backend::Buffer<T>& buffer) {
    const std::vector<T> host = buffer.download();
    return RowMajor<T>(Eigen::Map<const RowMajor<T>>(host.data(), buffer.rows(), buffer.cols()));
  };
  expect_within<T>(close(bx_close), bx, units, bx_size);
  expect_within<T>(close(by_close), by, units, by_size);
  // <B x, y> = <x, B' y>
  const MatrixXd bx_got = close(bx_close).template cast<double>();
  const MatrixXd by_got = close(by_close).template cast<double>();
  const double forward = bx_got.cwiseProduct(y.template cast<double>()).sum();
  const double backward = by_got.cwiseProduct(x.template cast<double>()).sum();
  const double magnitude = bx_size.cwiseProduct(y.template cast<double>().cwiseAbs()).sum();
  EXPECT_NEAR(forward, backward,
              4.0 * units * static_cast<double>(std::numeric_limits<T>::epsilon()) * magnitude);
  if constexpr (std::is_same_v<T, double>) {
    std::vector<double> d;
    for (Index i = 0; i < b.rows(); ++i) d.push_back(random.normal());
    const auto d_in = test::on_device(backend, d);
    DeviceMatrix<double> out(backend, b.cols(), b.rows());
    op.adjoint_of_diagonal(d_in.data(), out.view());
    const MatrixXd expected =
        b.transpose() * Eigen::Map<const Eigen::VectorXd>(d.data(), b.rows()).asDiagonal();
    const MatrixXd size =
        sizes.transpose() * Eigen::Map<const Eigen::VectorXd>(d.data(), b.rows()).cwiseAbs().asDiagonal();
    expect_within<double>(out.get(), expected, units, size);
  }
}

/// Powers of two of either sign.
std::vector<double> powers(Index n, Random& random) {
  std::vector<double> factors;
  for (Index i = 0; i < n; ++i) {
    const double sign = random.chance(0.5) ? 1.0 : -1.0;
    factors.push_back(std::ldexp(sign, static_cast<int>(random.integer(0, 6)) - 3));
  }
  return factors;
}

/// Each factor `positions` times.
Eigen::VectorXd all_over(const std::vector<double>& factors, Index positions) {
  Eigen::VectorXd d(static_cast<Index>(factors.size()) * positions);
  for (std::size_t i = 0; i < factors.size(); ++i)
    d.segment(static_cast<Index>(i) * positions, positions).setConstant(factors[i]);
  return d;
}

template <class T>
void all_kinds(Backend& backend) {
  Random random(41);
  const auto room = std::make_shared<backend::Scratch<T>>(backend);
  for (int trial = 0; trial < 150; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Index columns = trial % 2 == 0 ? 5 : 8;  // the latter by packs, where a device does that
    const Conv conv = random_conv(random);
    const MatrixXd b = matrix_of(conv);
    const MatrixXd sizes = sizes_of(conv);
    expect_is<T>(backend, *operators::make_conv<T>(backend, conv, {}, room), b, sizes, columns, random);
    expect_is<T>(backend, *operators::make_conv_transpose<T>(backend, conv, {}, room), b.transpose(),
                 sizes.transpose(), columns, random);
    const operators::ConvScale scale{powers(conv.filters, random), powers(conv.channels, random)};
    const Eigen::VectorXd left = all_over(scale.filters, conv.output(0) * conv.output(1));
    const Eigen::VectorXd right = all_over(scale.channels, conv.image[0] * conv.image[1]);
    const MatrixXd scaled = left.asDiagonal() * b * right.asDiagonal();
    const MatrixXd scaled_sizes = left.cwiseAbs().asDiagonal() * sizes * right.cwiseAbs().asDiagonal();
    expect_is<T>(backend, *operators::make_conv<T>(backend, conv, scale, room), scaled, scaled_sizes, columns,
                 random);
    expect_is<T>(backend, *operators::make_conv_transpose<T>(backend, conv, scale, room), scaled.transpose(),
                 scaled_sizes.transpose(), columns, random);
    const Sparse sparse = random_sparse(random);
    expect_is<T>(backend, *operators::make_sparse<T>(backend, sparse), matrix_of(sparse), sizes_of(sparse),
                 columns, random);
    if (testing::Test::HasFailure()) return;
  }
}

class LinearOperators : public test::OnEveryBackend {};

TEST_P(LinearOperators, ConvolutionsAndSparseMatricesInFloat) { all_kinds<float>(backend()); }
TEST_P(LinearOperators, ConvolutionsAndSparseMatricesInDouble) { all_kinds<double>(backend()); }

GEOLIP_ON_EVERY_BACKEND(LinearOperators);

TEST(Entries, RowsAreThoseOfTheConvolution) {
  Random random(42);
  for (int trial = 0; trial < 100; ++trial) {
    const Conv conv = random_conv(random);
    EXPECT_TRUE(matrix_of(network::to_sparse(conv)).isApprox(matrix_of(conv), 0.0));
    const ConvTranspose transpose{conv, {}};
    EXPECT_TRUE(matrix_of(network::to_sparse(transpose)).isApprox(matrix_of(conv).transpose(), 0.0));
  }
}

}  // namespace
}  // namespace geolip
