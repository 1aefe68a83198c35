// The kernels at a sweep's ends against loops in double: the input's unit vectors, starting points, the objective, the
// column of l_1.
#include <backend/row_batch.hpp>

#include <algorithm>
#include <utility>

namespace geolip {
namespace {

using backend::Backend;
using backend::RowState;
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

template <class T>
void input_rows_in_bulk(Backend& backend) {
  const Batch<T> batch(backend);
  const DeviceMatrix<T> g(backend, batch.g);
  DeviceMatrix<T> s(backend, batch.s);
  DeviceMatrix<T> s_hat(backend, batch.s);
  DeviceMatrix<T> norms(backend, batch.n, batch.problems());
  const auto momentum = on_device(backend, batch.momentum);
  backend.in<T>().backward_input(batch.columns.layout(), momentum.data(), g.view(),
                                 {s.view(), s_hat.view(), norms.view()});
  expect_equal(g.get(), batch.g);
  const RowMajor<T> s_got = s.get();
  const RowMajor<T> s_hat_got = s_hat.get();
  const RowMajor<T> norms_got = norms.get();
  for (Index b = 0; b < batch.problems(); ++b) {
    const MatrixXd gb = batch.own(batch.g, b).template cast<double>();
    MatrixXd sb = batch.own(batch.s, b).template cast<double>();
    MatrixXd hat = sb;
    renew(gb, batch.beta(b), sb, hat);
    const MatrixXd one = MatrixXd::Ones(sb.rows(), sb.cols());
    const MatrixXd norm = gb.rowwise().norm();
    expect_within<T>(norms_got.col(b), norm, units, norm);
    expect_within<T>(batch.own(s_got, b), sb, units, one);
    expect_within<T>(batch.own(s_hat_got, b), hat, 4 * units, one);
  }
}

template <class T>
void input_ball_by_hand(Backend& backend) {
  const DeviceColumns columns(backend, {1, 1}, {0, 0});
  const DeviceMatrix<T> g(backend, (RowMajor<T>(3, 2) << 0, 0, -2, 0, 0, 0).finished());
  const RowMajor<T> before = (RowMajor<T>(3, 2) << 1, 0, 0, 1, 0, 0).finished();
  DeviceMatrix<T> s(backend, before);
  DeviceMatrix<T> s_hat(backend, before);
  DeviceMatrix<T> norms(backend, 1, 2);
  const auto momentum = on_device(backend, std::vector<Momentum>(2));
  backend.in<T>().backward_input(columns.layout(), momentum.data(), g.view(),
                                 {s.view(), s_hat.view(), norms.view(), true});
  EXPECT_EQ(norms.get(), (RowMajor<T>(1, 2) << 2, 0).finished());
  // the second problem has no gradient and stays where it was
  const RowMajor<T> after = (RowMajor<T>(3, 2) << 0, 0, -1, 1, 0, 0).finished();
  EXPECT_EQ(s.get(), after);
  EXPECT_EQ(s_hat.get(), after);
}

template <class T>
void input_ball_in_bulk(Backend& backend) {
  Batch<T> batch(backend);
  for (Index b = 0; b < batch.problems(); ++b) batch.own(batch.s, b) /= batch.own(batch.s, b).norm();
  const DeviceMatrix<T> g(backend, batch.g);
  DeviceMatrix<T> s(backend, batch.s);
  DeviceMatrix<T> s_hat(backend, batch.s);
  DeviceMatrix<T> norms(backend, 1, batch.problems());
  const auto momentum = on_device(backend, batch.momentum);
  backend.in<T>().backward_input(batch.columns.layout(), momentum.data(), g.view(),
                                 {s.view(), s_hat.view(), norms.view(), true});
  expect_equal(g.get(), batch.g);
  const RowMajor<T> s_got = s.get();
  const RowMajor<T> s_hat_got = s_hat.get();
  for (Index b = 0; b < batch.problems(); ++b) {
    const MatrixXd gb = batch.own(batch.g, b).template cast<double>();
    const MatrixXd old = batch.own(batch.s, b).template cast<double>();
    const MatrixXd now = gb / gb.norm();
    const MatrixXd hat = (now + batch.beta(b) * (now - old)).normalized();
    // sums within a row are in T, those over rows in double; sizes are relative to the largest entry
    const MatrixXd scale = MatrixXd::Constant(gb.rows(), gb.cols(), now.cwiseAbs().maxCoeff());
    EXPECT_NEAR(static_cast<double>(norms.get()(0, b)), gb.norm(),
                units * static_cast<double>(std::numeric_limits<T>::epsilon()) * gb.norm());
    expect_within<T>(batch.own(s_got, b), now, units, scale);
    expect_within<T>(batch.own(s_hat_got, b), hat, 4 * units, scale);
  }
}

/// The input ball of rank-one problems with one matrix for s and s_hat: as without momentum.
template <class T>
void ball_without_momentum(Backend& backend) {
  constexpr Index n = 43;
  const DeviceColumns columns(backend, {1, 1, 1}, {0, 0, 0});
  Random random(10);
  RowMajor<T> g = random_values<T>(random, n, 3);
  g.col(1).setZero();
  const RowMajor<T> start = random_values<T>(random, n, 3);
  const auto run = [&](bool plain) {
    const DeviceMatrix<T> g_in(backend, g);
    DeviceMatrix<T> s(backend, start);
    DeviceMatrix<T> s_hat(backend, start);
    DeviceMatrix<T> norms(backend, 1, 3);
    const auto momentum = on_device(backend, std::vector<Momentum>(3, {1.0, 3.0, plain ? 0.25 : 0.0}));
    const RowState<T> state{plain ? s_hat.view() : s.view(), s_hat.view(), norms.view(), true};
    backend.in<T>().normalise(columns.layout(), state);
    backend.in<T>().backward_input(columns.layout(), momentum.data(), g_in.view(), state);
    return s_hat.get();
  };
  const RowMajor<T> one = RowMajor<T>::Ones(n, 3);
  const RowMajor<T> plain = run(true);
  expect_within<T>(plain, run(false), 4, one);
  for (Index b = 0; b < 3; ++b) EXPECT_NEAR(plain.col(b).norm(), T(1), T(1e-5));
}

template <class T>
void normalise_in_bulk(Backend& backend, bool ball) {
  Batch<T> batch(backend);
  RowMajor<T> x = batch.g;
  if (ball) batch.own(x, 1).setZero();
  DeviceMatrix<T> s(backend, batch.n, batch.columns.total());
  DeviceMatrix<T> s_hat(backend, x);
  DeviceMatrix<T> norms(backend, batch.n, batch.problems());
  backend.in<T>().normalise(batch.columns.layout(), {s.view(), s_hat.view(), norms.view(), ball});
  const RowMajor<T> s_got = s.get();
  expect_equal(s_got, s_hat.get());
  for (Index b = 0; b < batch.problems(); ++b) {
    MatrixXd expected = batch.own(x, b).template cast<double>();
    if (ball && expected.norm() == 0.0) expected(0, 0) = 1.0;
    if (ball) expected /= expected.norm();
    for (Index i = 0; i < batch.n && !ball; ++i) {
      if (expected.row(i).norm() == 0.0) expected(i, 0) = 1.0;
      expected.row(i).normalize();
    }
    expect_within<T>(batch.own(s_got, b), expected, units, MatrixXd(expected.cwiseAbs()));
  }
}

template <class T>
void objective_by_hand(Backend& backend) {
  const DeviceColumns columns(backend, {2, 2}, {0, 0});
  const DeviceMatrix<T> y(backend, (RowMajor<T>(2, 4) << 1, 2, 3, 4, 5, 6, 7, 8).finished());
  const DeviceMatrix<double> u(backend, (RowMajor<double>(2, 2) << 2, 0, -3, 0).finished());
  DeviceMatrix<T> g(backend, 2, 4);
  const auto vector = on_device(backend, std::vector<std::int32_t>{0, 1});
  backend::Buffer<double> value(backend, 2);
  backend.in<T>().objective(columns.layout(), u.view(), vector.data(), y.view(), g.view(), value.data(), {});
  // 2 * 1 - 3 * 5;  9 + 16 + 49 + 64
  EXPECT_EQ(value.download(), (std::vector<double>{-13.0, 138.0}));
  EXPECT_EQ(g.get(), (RowMajor<T>(2, 4) << 2, 0, 6, 8, -3, 0, 14, 16).finished());
}

// One slab of rows and several, and as many lanes as a device may take.
template <class T>
void objective_and_progress(Backend& backend, Index rows, const std::vector<Index>& ranks) {
  SCOPED_TRACE(rows);
  Random random(5);
  const auto problems = static_cast<Index>(ranks.size());
  const DeviceColumns columns(backend, ranks, std::vector<std::int32_t>(ranks.size(), 0));
  const RowMajor<T> y_in = random_values<T>(random, rows, columns.total());
  const RowMajor<double> u_in = random_values<double>(random, rows, problems);
  std::vector<std::int32_t> is_vector;
  for (Index b = 0; b < problems; ++b) is_vector.push_back(b % 3 == 1 ? 1 : 0);
  RowMajor<T> g_expected = RowMajor<T>::Zero(rows, columns.total());
  std::vector<double> value_expected;
  for (Index b = 0, first = 0; b < problems; first += ranks[static_cast<std::size_t>(b++)]) {
    const Index rank = ranks[static_cast<std::size_t>(b)];
    const MatrixXd own = y_in.middleCols(first, rank).template cast<double>();
    if (is_vector[static_cast<std::size_t>(b)] != 0) {
      value_expected.push_back(own.squaredNorm());
      g_expected.middleCols(first, rank) = T(2) * y_in.middleCols(first, rank);
    } else {
      value_expected.push_back(u_in.col(b).dot(own.col(0)));
      g_expected.col(first) = u_in.col(b).cast<T>();
    }
  }
  // every other problem has climbed
  std::vector<Momentum> momentum_expected;
  std::vector<double> best_expected;
  for (std::size_t b = 0; b < ranks.size(); ++b) {
    const double before = value_expected[b] + (b % 2 == 0 ? -0.5 : 0.5);
    momentum_expected.push_back({before, 3.0, 0.4});
    best_expected.push_back(before);
  }

  const DeviceMatrix<T> y(backend, y_in);
  const DeviceMatrix<double> u(backend, u_in);
  DeviceMatrix<T> g(backend, rows, columns.total());
  const auto vector = on_device(backend, is_vector);
  backend::Buffer<double> value(backend, problems);
  auto momentum = on_device(backend, momentum_expected);
  auto best = on_device(backend, best_expected);
  backend.in<T>().objective(columns.layout(), u.view(), vector.data(), y.view(), g.view(), value.data(),
                            {momentum.data(), best.data(), 0.0});

  EXPECT_EQ(g.get(), g_expected);
  const std::vector<double> value_got = value.download();
  const std::vector<Momentum> momentum_got = momentum.download();
  const std::vector<double> best_got = best.download();
  for (std::size_t b = 0; b < ranks.size(); ++b) {
    const double within = 1e-13 * y_in.template cast<double>().squaredNorm();
    EXPECT_NEAR(value_got[b], value_expected[b], within);
    kernels::update_momentum(momentum_expected[b], value_got[b], 0.0);
    EXPECT_EQ(momentum_got[b].previous, value_got[b]);
    EXPECT_EQ(momentum_got[b].t, momentum_expected[b].t);
    EXPECT_EQ(momentum_got[b].beta, momentum_expected[b].beta);
    EXPECT_EQ(best_got[b], std::max(best_expected[b], value_got[b]));
  }
}

template <class T>
void objectives_of_all_shapes(Backend& backend) {
  for (const Index rows : {1, 10, 16, 17, 300, 5000}) {
    objective_and_progress<T>(backend, rows, {1, 1, 1, 1, 1});
    objective_and_progress<T>(backend, rows, {3, 8, 1, 5});
    objective_and_progress<T>(backend, rows, {64, 1, 40});
  }
}

template <class T>
void columns_of_l1(Backend& backend) {
  Batch<T> batch(backend);
  const RowMajor<T> a = random_values<T>(batch.random, batch.n, batch.problems());
  const RowMajor<T> x = random_values<T>(batch.random, 1, batch.columns.total());
  const DeviceMatrix<T> a_in(backend, a);
  const DeviceMatrix<T> x_in(backend, x);
  const DeviceMatrix<T> w_in(backend, batch.w);
  DeviceMatrix<T> w(backend, batch.n, batch.columns.total());
  DeviceMatrix<T> collected(backend, 1, batch.columns.total());
  backend.in<T>().spread_column(batch.columns.layout(), a_in.view(), x_in.view(), w.view());
  backend.in<T>().collect_column(batch.columns.layout(), a_in.view(), w_in.view(), collected.view());
  const RowMajor<T> w_got = w.get();
  const RowMajor<T> collected_got = collected.get();
  for (Index b = 0; b < batch.problems(); ++b) {
    const MatrixXd column = a.col(b).template cast<double>();
    const MatrixXd row = batch.own(x, b).template cast<double>();
    const MatrixXd wb = batch.own(batch.w, b).template cast<double>();
    const MatrixXd outer = column * row;
    expect_within<T>(batch.own(w_got, b), outer, 1, MatrixXd(outer.cwiseAbs()));
    expect_within<T>(batch.own(collected_got, b), MatrixXd(column.transpose() * wb), batch.n,
                     MatrixXd(column.cwiseAbs().transpose() * wb.cwiseAbs()));
  }
}

template <class T>
void signs(Backend& backend) {
  Batch<T> batch(backend);
  constexpr Index starts = 5;
  const RowMajor<T> d = random_values<T>(batch.random, batch.columns.total(), starts);
  const DeviceMatrix<T> s(backend, batch.g);
  const DeviceMatrix<T> d_in(backend, d);
  DeviceMatrix<T> y(backend, batch.n, batch.problems() * starts);
  backend.in<T>().project_signs(batch.columns.layout(), s.view(), d_in.view(), y.view());
  const RowMajor<T> got = y.get();
  EXPECT_TRUE((got.array().abs() == T(1)).all());
  EXPECT_TRUE((got.row(batch.zero_g).array() == T(1)).all());
  Index decided = 0;
  for (Index b = 0; b < batch.problems(); ++b) {
    const MatrixXd sb = batch.own(batch.g, b).template cast<double>();
    const MatrixXd db = d.middleRows(batch.columns.first(b), batch.columns.rank(b)).template cast<double>();
    const MatrixXd product = sb * db;
    for (Index i = 0; i < batch.n; ++i) {
      for (Index k = 0; k < starts; ++k) {
        if (std::abs(product(i, k)) < 1e-4) continue;  // rounding may decide
        ++decided;
        ASSERT_EQ(got(i, b * starts + k), product(i, k) < 0.0 ? T(-1) : T(1));
      }
    }
  }
  EXPECT_GT(decided, batch.n * batch.problems() * starts * 9 / 10);
}

class EndKernels : public test::OnEveryBackend {};

TEST_P(EndKernels, InputRows) {
  input_rows_in_bulk<float>(backend());
  input_rows_in_bulk<double>(backend());
}
TEST_P(EndKernels, InputBallByHand) {
  input_ball_by_hand<float>(backend());
  input_ball_by_hand<double>(backend());
}
TEST_P(EndKernels, InputBallInBulk) {
  input_ball_in_bulk<float>(backend());
  input_ball_in_bulk<double>(backend());
}
TEST_P(EndKernels, BallWithoutMomentum) {
  ball_without_momentum<float>(backend());
  ball_without_momentum<double>(backend());
}
TEST_P(EndKernels, Normalise) {
  for (const bool ball : {false, true}) {
    normalise_in_bulk<float>(backend(), ball);
    normalise_in_bulk<double>(backend(), ball);
  }
}
TEST_P(EndKernels, Objective) {
  objective_by_hand<float>(backend());
  objective_by_hand<double>(backend());
  objectives_of_all_shapes<float>(backend());
  objectives_of_all_shapes<double>(backend());
}
TEST_P(EndKernels, ColumnsOfL1) {
  columns_of_l1<float>(backend());
  columns_of_l1<double>(backend());
}
TEST_P(EndKernels, ProjectSigns) {
  signs<float>(backend());
  signs<double>(backend());
}

GEOLIP_ON_EVERY_BACKEND(EndKernels);

}  // namespace
}  // namespace geolip
