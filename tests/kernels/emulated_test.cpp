// The kernels' bodies, run lane by lane on the host, against the CPU backend: every number of lanes that a
// launch chooses, segments that a group holds, that it must stream and that end inside a pack, aligned and
// not.
#include <kernels/emulated_group.hpp>
#include <kernels/row_bodies.hpp>
#include <kernels/slab_sums.hpp>

#include <backend/backend.hpp>
#include <backend/buffer.hpp>
#include <support/device_matrix.hpp>

namespace geolip {
namespace {

using backend::Backend;
using backend::Columns;
using backend::RowState;
using backend::View;
using kernels::Matrix;
using kernels::Momentum;
using kernels::Segments;
using test::expect_within;
using test::Random;
using test::random_values;
using test::RowMajor;

// Sums of at most 300 terms, each off by a unit.
constexpr double units = 300;

/// One batch in host memory. `shift` columns stand before it, so that segments begin on and off 16 bytes.
template <class T>
struct Batch {
  Index rows;
  std::vector<std::int32_t> offset{0};
  std::vector<std::int32_t> set;
  RowMajor<T> c, h, w, g, s, s_hat, rho, norm, v, a;
  std::vector<Momentum> momentum;

  Batch(Index rows_, const std::vector<int>& ranks, Index shift) : rows(rows_), shift_(shift) {
    for (const int r : ranks) {
      offset.push_back(offset.back() + r);
      set.push_back(static_cast<std::int32_t>(set.size() % 2));
      momentum.push_back({1.0, 3.0, set.back() == 0 ? 0.0 : 0.4});
    }
    Random random(static_cast<std::uint64_t>(rows * 1000 + offset.back()));
    c = random_values<T>(random, rows, 2);
    h = random_values<T>(random, rows, 2).cwiseAbs();
    const Index width = shift + offset.back() + 5;
    for (RowMajor<T>* m : {&w, &g, &s, &s_hat, &v}) *m = random_values<T>(random, rows, width);
    a = random_values<T>(random, rows, problems());
    rho = RowMajor<T>::Ones(rows, problems());
    norm = RowMajor<T>::Constant(rows, problems(), T(-1));
    w.row(1).setZero();
    g.row(2).setZero();
    s_hat.row(rows - 1).setZero();
    // At rank one the CPU backend takes unit vectors for the signs that they are.
    if (offset.back() == problems()) {
      s = s.unaryExpr([](T x) { return x < T(0) ? T(-1) : T(1); });
      s_hat = s;
    }
  }

  Index problems() const { return static_cast<Index>(set.size()); }
  Columns columns() const { return {problems(), offset.back(), offset.data(), set.data()}; }
  Segments segments() const { return {rows, problems(), offset.back(), offset.data()}; }
  View<T> view(RowMajor<T>& m) { return {m.data() + shift_, rows, offset.back(), m.cols()}; }
  Matrix<T> matrix(RowMajor<T>& m) { return {m.data() + shift_, m.cols()}; }
  Matrix<const T> input(RowMajor<T>& m) { return {m.data() + shift_, m.cols()}; }
  View<T> scalars(RowMajor<T>& m) { return {m.data(), m.rows(), m.cols()}; }
  RowState<T> state() {
    if (signs_only) return {view(s_hat), view(s_hat), {}};
    return {view(s), view(s_hat), scalars(norm)};
  }
  kernels::UnitRows<T> unit() {
    if (signs_only) return {matrix(s_hat), matrix(s_hat), {nullptr, 0}};
    return {matrix(s), matrix(s_hat), {norm.data(), problems()}};
  }
  View<T> rho_view() { return signs_only ? View<T>() : scalars(rho); }
  Matrix<T> rho_matrix() { return {signs_only ? nullptr : rho.data(), problems()}; }
  kernels::SlopeTable<T> table() const { return {c.data(), h.data(), 2, set.data()}; }
  backend::Slopes<T> slopes() const { return {c.data(), h.data(), 2}; }

  /// Everything that an operation may have written, what surrounds the batch included.
  void expect_like(const Batch& other) const {
    const auto same = [](const RowMajor<T>& actual, const RowMajor<T>& expected) {
      const T size = std::max(T(1), expected.cwiseAbs().maxCoeff());
      expect_within<T>(actual, expected, units, RowMajor<T>::Constant(actual.rows(), actual.cols(), size));
    };
    same(v, other.v);
    same(g, other.g);
    same(s, other.s);
    same(s_hat, other.s_hat);
    same(rho, other.rho);
    same(norm, other.norm);
  }

  bool signs_only = false;  // rank one, without s, rho and norm

 private:
  Index shift_;
};

/// All operations on one batch, by the backend and by `run(batch, body)`.
template <class T, class Run>
void compare(const Batch<T>& start, const Run& run) {
  const std::unique_ptr<Backend> backend = backend::make_cpu_backend(1);
  auto& cpu = backend->in<T>();
  {
    Batch<T> expected = start;
    Batch<T> actual = start;
    cpu.forward_rows(expected.columns(), expected.slopes(), expected.view(expected.w),
                     expected.view(expected.s_hat), expected.rho_view(), expected.view(expected.v));
    run(actual, kernels::ForwardRows<T>{actual.table(), actual.input(actual.w), actual.input(actual.s_hat),
                                        actual.rho_matrix(), actual.matrix(actual.v)});
    actual.expect_like(expected);
  }
  {
    Batch<T> expected = start;
    Batch<T> actual = start;
    expected.rho(0, 0) = actual.rho(0, 0) = T(0);
    cpu.backward_rows(expected.columns(), expected.slopes(), expected.momentum.data(),
                      expected.view(expected.w), expected.rho_view(), expected.state(),
                      expected.view(expected.g));
    run(actual, kernels::BackwardRows<T>{actual.table(),
                                         actual.momentum.data(),
                                         actual.input(actual.w),
                                         {actual.rho_matrix().data, actual.problems()},
                                         actual.unit(),
                                         actual.matrix(actual.g)});
    actual.expect_like(expected);
  }
  {
    Batch<T> expected = start;
    Batch<T> actual = start;
    cpu.backward_input(expected.columns(), expected.momentum.data(), expected.view(expected.g),
                       expected.state());
    run(actual, kernels::InputRows<T>{actual.momentum.data(), actual.input(actual.g), actual.unit()});
    actual.expect_like(expected);
  }
  {
    Batch<T> expected = start;
    Batch<T> actual = start;
    cpu.normalise(expected.columns(), expected.state());
    run(actual, kernels::NormaliseRows<T>{actual.unit()});
    actual.expect_like(expected);
  }
  {
    Batch<T> expected = start;
    Batch<T> actual = start;
    cpu.spread_column(expected.columns(), expected.scalars(expected.a), expected.view(expected.g),
                      expected.view(expected.v));
    run(actual, kernels::SpreadRows<T>{
                    {actual.a.data(), actual.problems()}, actual.input(actual.g), actual.matrix(actual.v)});
    actual.expect_like(expected);
  }
}

template <class T, int lanes>
void compare_lanes() {
  const auto run = [](Batch<T>& batch, const auto& body) {
    test::launch_emulated<lanes>(batch.rows * batch.problems(), [&](auto group, Index at) {
      kernels::run_segment<T>(group, batch.segments(), at, body);
    });
  };
  constexpr int held = static_cast<int>(kernels::HeldPart<T, test::EmulatedGroup<lanes>>::capacity);
  for (const Index shift : {0, 1}) {
    // full packs, a segment that ends inside one, the longest that is held, and one that is not
    compare<T>(Batch<T>(4, {4, 1, 3, held, held + 3}, shift), run);
  }
  compare<T>(Batch<T>(4, {16, 16}, 4), run);
}

TEST(EmulatedRows, AgreeWithTheCpuFloat1) { compare_lanes<float, 1>(); }
TEST(EmulatedRows, AgreeWithTheCpuFloat4) { compare_lanes<float, 4>(); }
TEST(EmulatedRows, AgreeWithTheCpuFloat8) { compare_lanes<float, 8>(); }
TEST(EmulatedRows, AgreeWithTheCpuFloat32) { compare_lanes<float, 32>(); }
TEST(EmulatedRows, AgreeWithTheCpuDouble1) { compare_lanes<double, 1>(); }
TEST(EmulatedRows, AgreeWithTheCpuDouble4) { compare_lanes<double, 4>(); }
TEST(EmulatedRows, AgreeWithTheCpuDouble8) { compare_lanes<double, 8>(); }
TEST(EmulatedRows, AgreeWithTheCpuDouble32) { compare_lanes<double, 32>(); }

template <class T>
void compare_single() {
  for (const bool signs_only : {false, true}) {
    Batch<T> start(5, std::vector<int>(37, 1), 1);
    start.signs_only = signs_only;
    compare<T>(start, [](Batch<T>& batch, const auto& body) {
      for (Index at = 0; at < batch.rows * batch.problems(); ++at) {
        kernels::run_single<T>(batch.segments(), at, body);
      }
    });
  }
}

TEST(EmulatedRows, AgreeWithTheCpuAtRankOne) {
  compare_single<float>();
  compare_single<double>();
}

/// The two stages of a sum over rows.
template <int lanes, class T, class Term, class Finish>
void sum_emulated(const Batch<T>& batch, const Term& term, const Finish& finish) {
  const Segments segments = batch.segments();
  const Index groups = kernels::slab_count(batch.rows) * batch.problems();
  std::vector<kernels::BallSums> partial(static_cast<std::size_t>(groups));
  test::launch_emulated<lanes>(
      groups, [&](auto group, Index at) { kernels::sum_slab(group, segments, at, term, partial.data()); });
  test::launch_emulated<lanes>(batch.problems(), [&](auto group, Index b) {
    kernels::add_slabs(group, segments, b, partial.data(), finish);
  });
}

template <class T, int lanes>
void compare_sums() {
  using kernels::BallWeights;
  const std::unique_ptr<Backend> backend = backend::make_cpu_backend(1);
  const Batch<T> start(37, {1, 5, 16, 3}, 1);
  std::vector<BallWeights<T>> weights(4);
  const auto run = [](Batch<T>& batch, const auto& body) {
    test::launch_emulated<lanes>(batch.rows * batch.problems(), [&](auto group, Index at) {
      kernels::run_segment<T>(group, batch.segments(), at, body);
    });
  };
  for (const bool zero : {false, true}) {
    Batch<T> expected = start;
    if (zero) {
      expected.g.setZero();
      expected.s_hat.setZero();
    } else {
      expected.s /= static_cast<T>(expected.s.norm());
    }
    Batch<T> actual = expected;
    const RowState<T> one_norm{expected.view(expected.s), expected.view(expected.s_hat),
                               View<T>(expected.norm.data(), 1, expected.problems()), true};
    backend->in<T>().backward_input(expected.columns(), expected.momentum.data(), expected.view(expected.g),
                                    one_norm);
    sum_emulated<lanes>(actual, kernels::BallTerm<T>{actual.input(actual.g), actual.input(actual.s)},
                        kernels::BallFinish<T>{actual.momentum.data(), actual.norm.data(), weights.data()});
    run(actual, kernels::BallRows<T>{weights.data(), actual.input(actual.g), actual.unit()});
    actual.expect_like(expected);

    backend->in<T>().normalise(expected.columns(), one_norm);
    sum_emulated<lanes>(actual, kernels::BallTerm<T>{actual.input(actual.s_hat), actual.input(actual.s_hat)},
                        kernels::NormaliseBallFinish<T>{weights.data()});
    run(actual, kernels::NormaliseBallRows<T>{weights.data(), actual.unit()});
    actual.expect_like(expected);
  }
}

TEST(EmulatedSums, BallAgreesWithTheCpu) {
  compare_sums<float, 1>();
  compare_sums<float, 8>();
  compare_sums<double, 8>();
}

TEST(EmulatedSums, ObjectiveAgreesWithTheCpu) {
  const std::unique_ptr<Backend> backend = backend::make_cpu_backend(1);
  Batch<double> expected(37, {1, 5, 16, 3}, 1);
  Batch<double> actual = expected;
  const std::vector<std::int32_t> vector{0, 1, 0, 1};
  std::vector<double> value(4);
  std::vector<double> value_actual(4);
  backend->in<double>().objective(expected.columns(), expected.scalars(expected.a), vector.data(),
                                  expected.view(expected.w), expected.view(expected.g), value.data(), {});
  sum_emulated<8>(actual,
                  kernels::ObjectiveTerm<double>{{actual.a.data(), actual.problems()},
                                                 vector.data(),
                                                 actual.input(actual.w),
                                                 actual.matrix(actual.g)},
                  kernels::ObjectiveFinish{value_actual.data(), {}});
  actual.expect_like(expected);
  for (std::size_t b = 0; b < value.size(); ++b) EXPECT_NEAR(value_actual[b], value[b], 1e-13 * 600);
}

TEST(EmulatedSums, CollectAgreesWithTheCpu) {
  const std::unique_ptr<Backend> backend = backend::make_cpu_backend(1);
  Batch<double> batch(37, {1, 5, 16, 3}, 1);
  RowMajor<double> expected(1, 25);
  backend->in<double>().collect_column(batch.columns(), batch.scalars(batch.a), batch.view(batch.w),
                                       {expected.data(), 1, 25});
  const Index slabs = kernels::slab_count(batch.rows);
  RowMajor<double> partial(slabs, 25);
  test::launch_emulated<4>(slabs * batch.problems(), [&](auto group, Index at) {
    kernels::collect_slab<double>(group, batch.segments(), at, {batch.a.data(), batch.problems()},
                                  batch.input(batch.w), partial.data());
  });
  expect_within<double>(partial.colwise().sum(), expected, units, RowMajor<double>::Ones(1, 25));
}

TEST(Slabs, CoverAllRowsAndAreFewEnough) {
  for (const Index rows : {0, 1, 15, 16, 17, 4095, 4096, 4097, 1000000}) {
    const Index height = kernels::slab_rows(rows);
    const Index count = kernels::slab_count(rows);
    EXPECT_LE(count, kernels::most_slabs);
    EXPECT_GE(count * height, rows);
    EXPECT_LT((count - 1) * height, std::max<Index>(rows, 1));
  }
}

TEST(Places, AreTheSameInNarrowAndWideArithmetic) {
  const Index wide = (Index{1} << 40) + 12345;
  EXPECT_EQ(kernels::place_of(wide, 1000).row, wide / 1000);
  EXPECT_EQ(kernels::place_of(wide, 1000).col, wide % 1000);
  EXPECT_EQ(kernels::place_of(123456, 1000).row, 123);
  EXPECT_EQ(kernels::place_of(123456, 1000).col, 456);
}

}  // namespace
}  // namespace geolip
