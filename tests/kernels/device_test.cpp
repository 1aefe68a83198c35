// What only a device shows: whole sweeps on aligned data larger than a block, against the CPU backend, and
// the same bits when they are repeated. Skipped where there is no device.
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

namespace geolip {
namespace {

using backend::Backend;
using backend::Buffer;
using backend::Columns;
using kernels::Momentum;
using test::DeviceColumns;
using test::expect_equal;
using test::expect_within;
using test::on_device;
using test::Random;
using test::random_values;
using test::RowMajor;

class OnTheDevice : public test::OnEveryBackend {};
INSTANTIATE_TEST_SUITE_P(Device, OnTheDevice, testing::Values(std::string("cuda")),
                         [](const auto& param_info) { return param_info.param; });

/// What a forward and a backward pass through one layer write.
template <class T>
struct Results {
  RowMajor<T> rho, v, s, s_hat, norm, g, ball_s, ball_s_hat, ball_norm;
};

template <class T>
Buffer<T> buffer_of(Backend& backend, const RowMajor<T>& m) {
  return Buffer<T>(backend, std::span<const T>(m.data(), static_cast<std::size_t>(m.size())), m.cols());
}

template <class T>
RowMajor<T> matrix_of(const Buffer<T>& buffer) {
  const std::vector<T> host = buffer.download();
  return Eigen::Map<const RowMajor<T>>(host.data(), buffer.rows(), buffer.cols());
}

template <class T>
Results<T> run_layer(Backend& backend, Index rows, const std::vector<Index>& ranks) {
  Random random(9);
  const auto problems = static_cast<Index>(ranks.size());
  const DeviceColumns columns(backend, ranks, std::vector<std::int32_t>(ranks.size(), 0));
  const Columns layout = columns.layout();
  const RowMajor<T> c = random_values<T>(random, rows, 1);
  const RowMajor<T> h = random_values<T>(random, rows, 1).cwiseAbs();
  const RowMajor<T> w = random_values<T>(random, rows, columns.total());
  const RowMajor<T> g = random_values<T>(random, rows, columns.total());
  const RowMajor<T> s = random_values<T>(random, rows, columns.total());
  const Buffer<T> c_in = buffer_of(backend, c);
  const Buffer<T> h_in = buffer_of(backend, h);
  const Buffer<T> w_in = buffer_of(backend, w);
  const Buffer<T> g_in = buffer_of(backend, g);
  const backend::Slopes<T> slopes{c_in.data(), h_in.data(), 1};
  const auto momentum = on_device(backend, std::vector<Momentum>(ranks.size(), {1.0, 3.0, 0.4}));
  auto& kernels = backend.in<T>();

  Buffer<T> unit = buffer_of(backend, s);
  Buffer<T> unit_hat = buffer_of(backend, s);
  Buffer<T> norm(backend, rows, problems);
  kernels.normalise(layout, {unit.view(), unit_hat.view(), norm.view()});
  Buffer<T> rho(backend, rows, problems);
  Buffer<T> v(backend, rows, columns.total());
  kernels.forward_rows(layout, slopes, w_in.view(), std::as_const(unit_hat).view(), rho.view(), v.view());
  Buffer<T> grad = buffer_of(backend, g);
  kernels.backward_rows(layout, slopes, momentum.data(), w_in.view(), std::as_const(rho).view(),
                        {unit.view(), unit_hat.view(), norm.view()}, grad.view());
  Buffer<T> ball = buffer_of(backend, s);
  Buffer<T> ball_hat = buffer_of(backend, s);
  Buffer<T> ball_norm(backend, 1, problems);
  const backend::RowState<T> state{ball.view(), ball_hat.view(), ball_norm.view(), true};
  kernels.normalise(layout, state);
  kernels.backward_input(layout, momentum.data(), g_in.view(), state);
  return {matrix_of(rho),  matrix_of(v),    matrix_of(unit),     matrix_of(unit_hat), matrix_of(norm),
          matrix_of(grad), matrix_of(ball), matrix_of(ball_hat), matrix_of(ball_norm)};
}

template <class T, class Compare>
void compare(const Results<T>& a, const Results<T>& b, const Compare& same) {
  same(a.rho, b.rho);
  same(a.v, b.v);
  same(a.s, b.s);
  same(a.s_hat, b.s_hat);
  same(a.norm, b.norm);
  same(a.g, b.g);
  same(a.ball_s, b.ball_s);
  same(a.ball_s_hat, b.ball_s_hat);
  same(a.ball_norm, b.ball_norm);
}

template <class T>
void check_layer(Backend& backend, Index rows, const std::vector<Index>& ranks) {
  const std::unique_ptr<Backend> cpu = backend::make_cpu_backend(1);
  const Results<T> expected = run_layer<T>(*cpu, rows, ranks);
  const Results<T> actual = run_layer<T>(backend, rows, ranks);
  compare(actual, expected, [](const RowMajor<T>& x, const RowMajor<T>& y) {
    // sums of up to 2000 terms whose errors mostly cancel
    expect_within<T>(x, y, 200, RowMajor<T>::Constant(x.rows(), x.cols(), y.cwiseAbs().maxCoeff()));
  });
  const Results<T> again = run_layer<T>(backend, rows, ranks);
  compare(again, actual, [](const RowMajor<T>& x, const RowMajor<T>& y) { expect_equal(x, y); });
}

TEST_P(OnTheDevice, LayerAtEveryLaneCount) {
  for (const Index rank : {1, 2, 4, 8, 16, 32, 64, 200}) {
    SCOPED_TRACE(rank);
    check_layer<float>(backend(), 211, std::vector<Index>(10, rank));
    check_layer<double>(backend(), 211, std::vector<Index>(10, rank));
  }
}

TEST_P(OnTheDevice, LayerOfUnevenRanks) {
  check_layer<float>(backend(), 97, {1, 16, 3, 600, 8, 31, 2});
  check_layer<double>(backend(), 97, {1, 16, 3, 600, 8, 31, 2});
}

TEST_P(OnTheDevice, ThousandsOfRankOneProblems) {
  check_layer<float>(backend(), 130, std::vector<Index>(3001, 1));
}

/// Y = A', Y = A' Diag(d) and the lower triangle of A copied above: tiles that go through shared memory.
std::vector<RowMajor<double>> run_tiles(Backend& backend, Index rows, Index cols) {
  Random random(11);
  const Buffer<double> a = buffer_of(backend, random_values<double>(random, rows, cols));
  const Buffer<double> d = buffer_of(backend, random_values<double>(random, rows, 1));
  Buffer<double> plain(backend, cols, rows);
  Buffer<double> scaled(backend, cols, rows);
  Buffer<double> square = buffer_of(backend, random_values<double>(random, rows, rows));
  backend.transpose(a.view(), nullptr, plain.view());
  backend.transpose(a.view(), d.data(), scaled.view());
  backend.symmetrise(square.view());
  return {matrix_of(plain), matrix_of(scaled), matrix_of(square)};
}

TEST_P(OnTheDevice, TilesOfEverySize) {
  const std::unique_ptr<Backend> cpu = backend::make_cpu_backend(1);
  for (const Index rows : {1, 31, 32, 33, 130}) {
    for (const Index cols : {1, 32, 65}) {
      SCOPED_TRACE(testing::Message() << rows << " x " << cols);
      const std::vector<RowMajor<double>> expected = run_tiles(*cpu, rows, cols);
      const std::vector<RowMajor<double>> actual = run_tiles(backend(), rows, cols);
      for (std::size_t i = 0; i < expected.size(); ++i) expect_equal(actual[i], expected[i]);
    }
  }
}

}  // namespace
}  // namespace geolip
