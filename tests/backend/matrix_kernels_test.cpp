// Products, scalings, gathers and random numbers: the sweep's operations that know nothing of rows.
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

#include <array>

namespace geolip {
namespace {

using backend::Backend;
using test::DeviceMatrix;
using test::expect_equal;
using test::expect_within;
using test::on_device;
using test::Random;
using test::random_values;
using test::RowMajor;

template <class T>
void product_by_hand(Backend& backend) {
  const DeviceMatrix<T> a(backend, (RowMajor<T>(2, 3) << 1, 2, 3, 4, 5, 6).finished());
  const DeviceMatrix<T> b(backend, (RowMajor<T>(3, 2) << 1, 0, -1, 2, 0, 1).finished());
  DeviceMatrix<T> ab(backend, 2, 2);
  backend.in<T>().multiply(a.view(), b.view(), ab.view());
  EXPECT_EQ(ab.get(), (RowMajor<T>(2, 2) << -1, 7, -1, 16).finished());
  const DeviceMatrix<T> c(backend, (RowMajor<T>(2, 1) << 1, -1).finished());
  DeviceMatrix<T> ac(backend, 3, 1);
  backend.in<T>().multiply_transposed(a.view(), c.view(), ac.view());
  EXPECT_EQ(ac.get(), (RowMajor<T>(3, 1) << -3, -3, -3).finished());
}

template <class T>
void product_in_bulk(Backend& backend, Index rows, Index inner, Index cols) {
  Random random(static_cast<std::uint64_t>(rows + inner + cols));
  const RowMajor<T> a = random_values<T>(random, rows, inner);
  const RowMajor<T> at = a.transpose();
  const RowMajor<T> b = random_values<T>(random, inner, cols);
  const RowMajor<double> expected = a.template cast<double>() * b.template cast<double>();
  const RowMajor<double> size = a.template cast<double>().cwiseAbs() * b.template cast<double>().cwiseAbs();
  const DeviceMatrix<T> a_in(backend, a);
  const DeviceMatrix<T> at_in(backend, at);
  const DeviceMatrix<T> b_in(backend, b);
  DeviceMatrix<T> c(backend, rows, cols);
  DeviceMatrix<T> d(backend, rows, cols);
  backend.in<T>().multiply(a_in.view(), b_in.view(), c.view());
  backend.in<T>().multiply_transposed(at_in.view(), b_in.view(), d.view());
  expect_within<T>(c.get(), expected, static_cast<double>(inner), size);
  expect_within<T>(d.get(), expected, static_cast<double>(inner), size);
}

template <class T>
void rows_and_columns(Backend& backend) {
  Random random(5);
  constexpr Index n = 300;
  constexpr Index m = 71;
  const RowMajor<T> x = random_values<T>(random, n, m);
  const RowMajor<T> d = random_values<T>(random, n, 1);
  std::vector<std::int32_t> cols;
  for (Index j = 0; j < 90; ++j) cols.push_back(static_cast<std::int32_t>(random.integer(-1, m - 1)));
  cols.front() = -1;
  const DeviceMatrix<T> x_in(backend, x);
  const auto d_in = on_device(backend, std::vector<T>(d.data(), d.data() + n));
  const auto cols_in = on_device(backend, cols);
  DeviceMatrix<T> scaled(backend, n, m);
  DeviceMatrix<T> in_place(backend, x);
  DeviceMatrix<T> by_column(backend, n, 90);
  auto& kernels = backend.in<T>();
  kernels.scale_rows(d_in.data(), x_in.view(), scaled.view());
  kernels.scale_rows(d_in.data(), in_place.view(), in_place.view());
  kernels.gather_columns(cols_in.data(), x_in.view(), by_column.view());
  const RowMajor<T> expected = d.col(0).asDiagonal() * x;
  expect_equal(scaled.get(), expected);
  expect_equal(in_place.get(), expected);
  const RowMajor<T> column_got = by_column.get();
  for (Index j = 0; j < 90; ++j) {
    const Index from = cols[static_cast<std::size_t>(j)];
    expect_equal(column_got.col(j), from < 0 ? RowMajor<T>::Zero(n, 1).col(0).eval() : x.col(from).eval());
  }
}

template <class T>
void random_numbers(Backend& backend) {
  Random random(6);
  constexpr Index n = 300;
  constexpr Index m = 70;
  const RowMajor<T> x = random_values<T>(random, n, m);
  std::vector<std::int32_t> mask;
  for (Index j = 0; j < m; ++j) mask.push_back(random.chance(0.5) ? 1 : 0);
  const auto mask_in = on_device(backend, mask);
  DeviceMatrix<T> y(backend, x);
  backend.in<T>().add_noise(T(0.25), 9, 8, mask_in.data(), y.view());
  const RowMajor<T> got = y.get();
  for (Index j = 0; j < m; ++j) {
    if (mask[static_cast<std::size_t>(j)] == 0) {
      expect_equal(got.col(j), x.col(j));
      continue;
    }
    for (Index i = 0; i < n; ++i) {
      const double added =
          0.25 * kernels::noise(kernels::stream_key(9, 8), static_cast<std::uint64_t>(i * m + j));
      const double size = std::abs(static_cast<double>(x(i, j))) + std::abs(added);
      ASSERT_NEAR(static_cast<double>(got(i, j)), static_cast<double>(x(i, j)) + added,
                  5.0 * static_cast<double>(std::numeric_limits<T>::epsilon()) * size);
    }
  }
}

class MatrixKernels : public test::OnEveryBackend {};

TEST_P(MatrixKernels, ProductByHand) {
  product_by_hand<float>(backend());
  product_by_hand<double>(backend());
}
TEST_P(MatrixKernels, ProductInBulk) {
  // larger than a tile both ways, single rows and columns, and an inner size of one
  for (const auto& [rows, inner, cols] :
       {std::array<Index, 3>{300, 131, 600}, {1, 300, 55}, {300, 17, 1}, {129, 1, 513}, {1, 1, 1}}) {
    product_in_bulk<float>(backend(), rows, inner, cols);
    product_in_bulk<double>(backend(), rows, inner, cols);
  }
}
TEST_P(MatrixKernels, RowsAndColumns) {
  rows_and_columns<float>(backend());
  rows_and_columns<double>(backend());
}
TEST_P(MatrixKernels, AddNoise) {
  random_numbers<float>(backend());
  random_numbers<double>(backend());
}

GEOLIP_ON_EVERY_BACKEND(MatrixKernels);

}  // namespace
}  // namespace geolip
