// The row kernels of a sweep's layers against loops in double: first by hand, then a batch larger than any tile.
#include <backend/row_batch.hpp>

#include <algorithm>
#include <utility>

namespace geolip {
namespace {

using backend::Backend;
using backend::RowState;
using backend::Slopes;
using Eigen::MatrixXd;
using kernels::Momentum;
using test::Batch;
using test::DeviceColumns;
using test::DeviceMatrix;
using test::expect_equal;
using test::expect_within;
using test::on_device;
using test::Random;
using test::random_values;
using test::renew;
using test::RowMajor;
using test::units;

/// Slopes in a backend's memory.
template <class T>
struct DeviceSlopes {
  backend::Buffer<T> c;
  backend::Buffer<T> h;
  Index sets;
  DeviceSlopes(Backend& backend, const RowMajor<T>& c_, const RowMajor<T>& h_)
      : c(backend, std::span<const T>(c_.data(), static_cast<std::size_t>(c_.size()))),
        h(backend, std::span<const T>(h_.data(), static_cast<std::size_t>(h_.size()))),
        sets(c_.cols()) {}
  Slopes<T> get() const { return {c.data(), h.data(), sets}; }
};

template <class T>
void forward_by_hand(Backend& backend) {
  const DeviceColumns columns(backend, {2, 1}, {0, 0});
  const DeviceSlopes<T> slopes(backend, RowMajor<T>::Constant(2, 1, T(0.5)),
                               RowMajor<T>::Constant(2, 1, T(0.5)));
  const DeviceMatrix<T> w(backend, (RowMajor<T>(2, 3) << 3, 4, -2, 0, 0, 6).finished());
  const DeviceMatrix<T> s(backend, (RowMajor<T>(2, 3) << 1, 0, 1, 0, 1, 1).finished());
  DeviceMatrix<T> rho(backend, 2, 2);
  DeviceMatrix<T> v(backend, 2, 3);
  backend.in<T>().forward_rows(columns.layout(), slopes.get(), w.view(), s.view(), rho.view(), v.view());
  EXPECT_EQ(rho.get(), (RowMajor<T>(2, 2) << 5, 2, 0, 6).finished());
  EXPECT_EQ(v.get(), (RowMajor<T>(2, 3) << 4, 2, 0, 0, 0, 6).finished());
}

template <class T>
void forward_in_bulk(Backend& backend) {
  const Batch<T> batch(backend);
  const DeviceSlopes<T> slopes(backend, batch.c, batch.h);
  const DeviceMatrix<T> w(backend, batch.w);
  const DeviceMatrix<T> s(backend, batch.s);
  DeviceMatrix<T> rho(backend, batch.n, batch.problems());
  DeviceMatrix<T> v(backend, batch.n, batch.columns.total());
  backend.in<T>().forward_rows(batch.columns.layout(), slopes.get(), w.view(), s.view(), rho.view(),
                               v.view());
  const RowMajor<T> rho_got = rho.get();
  const RowMajor<T> v_got = v.get();
  for (Index b = 0; b < batch.problems(); ++b) {
    const MatrixXd wb = batch.own(batch.w, b).template cast<double>();
    const MatrixXd sb = batch.own(batch.s, b).template cast<double>();
    const MatrixXd norms = wb.rowwise().norm();
    const auto c = batch.c.col(batch.set(b)).template cast<double>().asDiagonal();
    const auto h = batch.h.col(batch.set(b)).template cast<double>().asDiagonal();
    const MatrixXd direct = c * wb;
    const MatrixXd turned = h * (norms.col(0).asDiagonal() * sb);
    expect_within<T>(rho_got.col(b), norms, units, norms);
    expect_within<T>(batch.own(v_got, b), MatrixXd(direct + turned), units,
                     MatrixXd(direct.cwiseAbs() + turned.cwiseAbs()));
  }
}

template <class T>
void backward_by_hand(Backend& backend) {
  const DeviceColumns columns(backend, {2}, {0});
  const DeviceSlopes<T> slopes(backend, RowMajor<T>::Constant(3, 1, T(0.5)),
                               RowMajor<T>::Constant(3, 1, T(0.5)));
  const DeviceMatrix<T> w(backend, (RowMajor<T>(3, 2) << 3, 4, 1, 1, 0, 0).finished());
  const DeviceMatrix<T> rho(backend, (RowMajor<T>(3, 1) << 4, 1, 0).finished());
  DeviceMatrix<T> g(backend, (RowMajor<T>(3, 2) << 0, 2, 0, 0, -4, 0).finished());
  DeviceMatrix<T> s(backend, (RowMajor<T>(3, 2) << 0, 1, 1, 0, -1, 0).finished());
  DeviceMatrix<T> s_hat(backend, (RowMajor<T>(3, 2) << 1, 0, 0, 1, 1, 0).finished());
  DeviceMatrix<T> norms(backend, 3, 1);
  const auto momentum = on_device(backend, std::vector<Momentum>{{1.0, 2.0, 0.5}});
  backend.in<T>().backward_rows(columns.layout(), slopes.get(), momentum.data(), w.view(), rho.view(),
                                {s.view(), s_hat.view(), norms.view()}, g.view());
  EXPECT_EQ(norms.get(), (RowMajor<T>(3, 1) << 2, 0, 4).finished());
  EXPECT_EQ(s.get(), (RowMajor<T>(3, 2) << 0, 1, 1, 0, -1, 0).finished());
  // the zero row keeps its extrapolated direction too
  EXPECT_EQ(s_hat.get(), (RowMajor<T>(3, 2) << 0, 1, 0, 1, -1, 0).finished());
  // 0.5 (0, 2) + 0.5 (2 / 4) (3, 4); nothing; 0.5 (-4, 0) without a second term, as rho = 0
  EXPECT_EQ(g.get(), (RowMajor<T>(3, 2) << 0.75, 2, 0, 0, -2, 0).finished());
}

template <class T>
void backward_in_bulk(Backend& backend) {
  const Batch<T> batch(backend);
  const DeviceSlopes<T> slopes(backend, batch.c, batch.h);
  RowMajor<T> rho(batch.n, batch.problems());
  for (Index b = 0; b < batch.problems(); ++b) rho.col(b) = batch.own(batch.w, b).rowwise().norm();
  const DeviceMatrix<T> w(backend, batch.w);
  const DeviceMatrix<T> rho_in(backend, rho);
  DeviceMatrix<T> g(backend, batch.g);
  DeviceMatrix<T> s(backend, batch.s);
  DeviceMatrix<T> s_hat(backend, batch.s);
  DeviceMatrix<T> norms(backend, batch.n, batch.problems());
  const auto momentum = on_device(backend, batch.momentum);
  backend.in<T>().backward_rows(batch.columns.layout(), slopes.get(), momentum.data(), w.view(),
                                rho_in.view(), {s.view(), s_hat.view(), norms.view()}, g.view());
  const RowMajor<T> g_got = g.get();
  const RowMajor<T> s_got = s.get();
  const RowMajor<T> s_hat_got = s_hat.get();
  const RowMajor<T> norms_got = norms.get();
  for (Index b = 0; b < batch.problems(); ++b) {
    const MatrixXd wb = batch.own(batch.w, b).template cast<double>();
    const MatrixXd gb = batch.own(batch.g, b).template cast<double>();
    MatrixXd sb = batch.own(batch.s, b).template cast<double>();
    MatrixXd hat = sb;
    renew(gb, batch.beta(b), sb, hat);
    MatrixXd ratio = gb.rowwise().norm();
    expect_within<T>(norms_got.col(b), ratio, units, ratio);
    for (Index i = 0; i < batch.n; ++i)
      ratio(i, 0) = i == batch.zero_w ? 0.0 : ratio(i, 0) / double(rho(i, b));
    const MatrixXd direct = batch.c.col(batch.set(b)).template cast<double>().asDiagonal() * gb;
    const MatrixXd turned =
        batch.h.col(batch.set(b)).template cast<double>().cwiseProduct(ratio.col(0)).asDiagonal() * wb;
    const MatrixXd one = MatrixXd::Ones(sb.rows(), sb.cols());
    expect_within<T>(batch.own(s_got, b), sb, units, one);
    expect_within<T>(batch.own(s_hat_got, b), hat, 4 * units, one);
    expect_within<T>(batch.own(g_got, b), MatrixXd(direct + turned), units,
                     MatrixXd(direct.cwiseAbs() + turned.cwiseAbs()));
  }
}

/// Problems of rank one give the same without rho and |G|, and with one matrix for s and s_hat.
template <class T>
void signs_without_norms(Backend& backend, const std::vector<std::int32_t>& sets) {
  constexpr Index n = 40;
  const DeviceColumns columns(backend, {1, 1, 1, 1, 1}, sets);
  Random random(9);
  const Index slope_sets = 1 + *std::max_element(sets.begin(), sets.end());
  const RowMajor<T> c = random_values<T>(random, n, slope_sets);
  const RowMajor<T> h = random_values<T>(random, n, slope_sets).cwiseAbs();
  const DeviceSlopes<T> slopes(backend, c, h);
  RowMajor<T> w = random_values<T>(random, n, 5);
  RowMajor<T> g = random_values<T>(random, n, 5);
  const RowMajor<T> start = random_values<T>(random, n, 5);
  w.row(3).setZero();
  g.row(4).setZero();
  const auto momentum = on_device(backend, std::vector<Momentum>(5, {1.0, 3.0, 0.25}));

  struct Outcome {
    RowMajor<T> s, v, g;
  };
  const auto run = [&](bool bare) {
    const DeviceMatrix<T> w_in(backend, w);
    DeviceMatrix<T> v(backend, n, 5);
    DeviceMatrix<T> g_out(backend, g);
    DeviceMatrix<T> s(backend, start);
    DeviceMatrix<T> s_hat(backend, start);
    DeviceMatrix<T> rho(backend, n, 5);
    DeviceMatrix<T> norms(backend, n, 5);
    auto& kernels = backend.in<T>();
    const auto layout = columns.layout();
    const RowState<T> state = bare ? RowState<T>{s_hat.view(), s_hat.view(), {}}
                                   : RowState<T>{s.view(), s_hat.view(), norms.view()};
    const backend::View<T> rho_out = bare ? backend::View<T>() : rho.view();
    kernels.normalise(layout, state);
    kernels.forward_rows(layout, slopes.get(), w_in.view(), std::as_const(s_hat).view(), rho_out, v.view());
    kernels.backward_rows(layout, slopes.get(), momentum.data(), w_in.view(), rho_out, state, g_out.view());
    kernels.backward_input(layout, momentum.data(), std::as_const(v).view(), state);
    return Outcome{s_hat.get(), v.get(), g_out.get()};
  };
  const Outcome full = run(false);
  const Outcome bare = run(true);
  const RowMajor<T> one = RowMajor<T>::Ones(n, 5);
  expect_within<T>(bare.s, full.s.template cast<double>(), 2, one.template cast<double>());
  expect_equal(bare.v, full.v);
  expect_within<T>(bare.g, full.g.template cast<double>(), 4, full.g.cwiseAbs().template cast<double>());
  EXPECT_GT((full.s.array() < T(0)).count(), 0);
}

class RowKernels : public test::OnEveryBackend {};

TEST_P(RowKernels, ForwardByHand) {
  forward_by_hand<float>(backend());
  forward_by_hand<double>(backend());
}
TEST_P(RowKernels, ForwardInBulk) {
  forward_in_bulk<float>(backend());
  forward_in_bulk<double>(backend());
}
TEST_P(RowKernels, BackwardByHand) {
  backward_by_hand<float>(backend());
  backward_by_hand<double>(backend());
}
TEST_P(RowKernels, BackwardInBulk) {
  backward_in_bulk<float>(backend());
  backward_in_bulk<double>(backend());
}
TEST_P(RowKernels, SignsWithoutNorms) {
  for (const auto& sets :
       {std::vector<std::int32_t>{0, 0, 0, 0, 0}, std::vector<std::int32_t>{0, 1, 1, 0, 1}}) {
    signs_without_norms<float>(backend(), sets);
    signs_without_norms<double>(backend(), sets);
  }
}

GEOLIP_ON_EVERY_BACKEND(RowKernels);

}  // namespace
}  // namespace geolip
