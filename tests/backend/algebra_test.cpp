// The certificate's algebra in float64, memory, and the ascent's scalars.
#include <backend/buffer.hpp>
#include <network/at.hpp>
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

#include <array>

namespace geolip {
namespace {

using Eigen::MatrixXd;
using kernels::Momentum;
using test::DeviceMatrix;
using test::expect_equal;
using test::expect_within;
using test::on_device;
using test::Random;
using test::random_values;
using Rows = test::RowMajor<double>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// No multiple of a tile, and more than two.
constexpr Index n = 300;

Rows lower(const Rows& a) { return a.triangularView<Eigen::Lower>(); }

class Algebra : public test::OnEveryBackend {
 protected:
  /// An n x n matrix with unit diagonal and eigenvalues well above 0.
  static Rows positive_definite(Random& random, Index size) {
    const Rows g = random_values<double>(random, size, size);
    return Rows::Identity(size, size) + 0.1 / static_cast<double>(size) * g * g.transpose();
  }
};

TEST_P(Algebra, MemoryComesBackAsItWentIn) {
  const auto a = on_device(backend(), std::vector<double>{1.0, -2.0, nan});
  const std::vector<double> back = a.download();
  EXPECT_EQ(back[0], 1.0);
  EXPECT_EQ(back[1], -2.0);
  EXPECT_TRUE(std::isnan(back[2]));
  backend::Buffer<float> b(backend(), 5, 3);
  backend().in<float>().clear(b.view());
  EXPECT_EQ(b.download(), std::vector<float>(15, 0.0F));
  void* memory = backend().allocate(100);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0U);
  backend().release(memory);
}

TEST_P(Algebra, MovedBuffersOwnNothing) {
  auto a = on_device(backend(), std::vector<double>{1.0, 2.0});
  backend::Buffer<double> b(std::move(a));
  EXPECT_EQ(a.data(), nullptr);  // NOLINT(bugprone-use-after-move): that is what is tested
  a = on_device(backend(), std::vector<double>{3.0});
  b = std::move(a);
  EXPECT_EQ(b.download(), std::vector<double>{3.0});
  EXPECT_EQ(a.size(), 0);  // NOLINT(bugprone-use-after-move)
}

TEST_P(Algebra, ScratchKeepsItsMemoryUntilMoreIsNeeded) {
  backend::Scratch<double> scratch(backend());
  const double* first = scratch.take(10, 10).data;
  EXPECT_EQ(scratch.take(20, 5).data, first);
  const auto larger = scratch.take(11, 10);
  EXPECT_EQ(larger.rows, 11);
  EXPECT_EQ(larger.ld, 10);
}

TEST_P(Algebra, WidenColumns) {
  Random random(1);
  const auto x = random_values<float>(random, n, 20);
  const DeviceMatrix<float> x_in(backend(), x);
  const auto index = on_device(backend(), std::vector<std::int32_t>{19, -1, 0, 0});
  DeviceMatrix<double> y(backend(), n, 4);
  backend().widen_columns(index.data(), x_in.view(), y.view());
  Rows expected = Rows::Zero(n, 4);
  expected.col(0) = x.col(19).cast<double>();
  expected.col(2) = expected.col(3) = x.col(0).cast<double>();
  expect_equal(y.get(), expected);
}

template <class T>
void scale_from_both_sides(backend::Backend& backend) {
  Random random(6);
  const Rows x = random_values<double>(random, n, 19);
  const Rows r = random_values<double>(random, n, 1);
  const Rows c = random_values<double>(random, 1, 19);
  const DeviceMatrix<double> x_in(backend, x);
  const auto r_in = on_device(backend, std::vector<double>(r.data(), r.data() + r.size()));
  const auto c_in = on_device(backend, std::vector<double>(c.data(), c.data() + c.size()));
  DeviceMatrix<T> y(backend, n, 19);
  backend.in<T>().scale(r_in.data(), x_in.view(), c_in.data(), y.view());
  test::RowMajor<T> expected(n, 19);
  for (Index i = 0; i < n; ++i) {
    // rounded in float64 twice, and once to T
    for (Index j = 0; j < 19; ++j) expected(i, j) = static_cast<T>(r(i, 0) * x(i, j) * c(0, j));
  }
  expect_equal(y.get(), expected);
  if constexpr (std::is_same_v<T, double>) {
    DeviceMatrix<double> in_place(backend, x);
    backend.in<double>().scale(r_in.data(), in_place.view(), c_in.data(), in_place.view());
    expect_equal(in_place.get(), expected);
  }
}

TEST_P(Algebra, ScaleFromBothSides) {
  scale_from_both_sides<float>(backend());
  scale_from_both_sides<double>(backend());
}

TEST_P(Algebra, SyrkByHand) {
  const DeviceMatrix<double> a(backend(), (Rows(2, 2) << 1, 2, 3, 4).finished());
  DeviceMatrix<double> c(backend(), (Rows(2, 2) << nan, -5, nan, nan).finished());
  backend().syrk(-1.0, a.view(), 0.0, c.view());
  EXPECT_EQ(lower(c.get()), (Rows(2, 2) << -5, 0, -11, -25).finished());
  backend().syrk_transposed(1.0, a.view(), 2.0, c.view());
  EXPECT_EQ(lower(c.get()), (Rows(2, 2) << 0, 0, -8, -30).finished());
}

TEST_P(Algebra, SyrkInBulk) {
  Random random(2);
  for (const Index inner : {1, 40, 200}) {
    const Rows a = random_values<double>(random, n, inner);
    const Rows at = a.transpose();
    const Rows start = random_values<double>(random, n, n);
    const DeviceMatrix<double> a_in(backend(), a);
    const DeviceMatrix<double> at_in(backend(), at);
    const Rows size = a.cwiseAbs() * a.cwiseAbs().transpose() + start.cwiseAbs();
    for (const double beta : {0.0, 1.0, -0.5}) {
      DeviceMatrix<double> c(backend(), beta == 0.0 ? Rows(Rows::Constant(n, n, nan)) : start);
      DeviceMatrix<double> d(backend(), beta == 0.0 ? Rows(Rows::Constant(n, n, nan)) : start);
      backend().syrk(0.75, a_in.view(), beta, c.view());
      backend().syrk_transposed(0.75, at_in.view(), beta, d.view());
      const Rows expected = 0.75 * a * at + beta * start;
      const double units = static_cast<double>(inner) + 4.0;
      expect_within<double>(lower(c.get()), lower(expected), units, size);
      expect_within<double>(lower(d.get()), lower(expected), units, size);
    }
  }
}

// Beyond the order up to which a device updates a triangle as one.
TEST_P(Algebra, LargeTrianglesAreUpdatedWhole) {
  constexpr Index order = 4300;
  constexpr Index inner = 2;
  std::vector<double> rows(static_cast<std::size_t>(order * inner));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<double>(i % 7) - 3.0;
  std::vector<double> columns(rows.size());
  for (Index i = 0; i < order; ++i) {
    for (Index j = 0; j < inner; ++j)
      columns[static_cast<std::size_t>(j * order + i)] = rows[static_cast<std::size_t>(i * inner + j)];
  }
  const backend::Buffer<double> a(backend(), std::span<const double>(rows), inner);
  const backend::Buffer<double> at(backend(), std::span<const double>(columns), order);
  backend::Buffer<double> c(backend(), std::vector<double>(static_cast<std::size_t>(order * order), 0.5),
                            order);
  backend().syrk(2.0, a.view(), 0.0, c.view());
  backend().syrk_transposed(1.0, at.view(), -1.0, c.view());  // in all: -A A'
  const std::vector<double> got = c.download();
  for (Index i = 0; i < order; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double expected = 0.0;
      for (Index l = 0; l < inner; ++l) {
        expected -=
            rows[static_cast<std::size_t>(i * inner + l)] * rows[static_cast<std::size_t>(j * inner + l)];
      }
      ASSERT_EQ(got[static_cast<std::size_t>(i * order + j)], expected) << i << " " << j;  // whole numbers
    }
  }
}

TEST_P(Algebra, CholeskyByHand) {
  DeviceMatrix<double> a(backend(), (Rows(2, 2) << 4, nan, 2, 5).finished());
  ASSERT_TRUE(backend().cholesky(a.view()));
  EXPECT_EQ(lower(a.get()), (Rows(2, 2) << 2, 0, 1, 2).finished());
}

TEST_P(Algebra, CholeskyInBulk) {
  Random random(3);
  for (const Index size : {Index{1}, Index{127}, Index{128}, Index{129}, n}) {
    const Rows a = positive_definite(random, size);
    Rows given = a;
    given.triangularView<Eigen::StrictlyUpper>().setConstant(nan);  // not read
    DeviceMatrix<double> factor(backend(), given);
    ASSERT_TRUE(backend().cholesky(factor.view()));
    // backward error: |A - L L'| <= (n + 1) eps |L| |L'|
    const Rows l = lower(factor.get());
    expect_within<double>(Rows(l * l.transpose()), a, static_cast<double>(size) + 2.0,
                          Rows(l.cwiseAbs() * l.cwiseAbs().transpose()));
  }
}

TEST_P(Algebra, CholeskyRefusesWhatIsNotPositiveDefinite) {
  Random random(4);
  const Rows good = positive_definite(random, n);
  const std::array<Index, 6> places{0, 1, 127, 128, 255, n - 1};
  for (const Index i : places) {
    for (const double pivot : {-1e-3, 0.0, nan, -std::numeric_limits<double>::infinity()}) {
      Rows bad = good;
      bad(i, i) = pivot;
      DeviceMatrix<double> a(backend(), bad);
      EXPECT_FALSE(backend().cholesky(a.view())) << "pivot " << pivot << " at " << i;
    }
  }
  // one entry below the diagonal that is not a number, or that alone makes the matrix indefinite
  for (const auto& [i, j] :
       {std::pair<Index, Index>{1, 0}, {n - 1, 0}, {n - 1, n - 2}, {130, 5}, {200, 190}}) {
    for (const double entry : {nan, 4.0, std::numeric_limits<double>::infinity()}) {
      Rows bad = good;
      bad(i, j) = entry;
      DeviceMatrix<double> a(backend(), bad);
      EXPECT_FALSE(backend().cholesky(a.view())) << "entry " << entry << " at " << i << ", " << j;
    }
  }
}

TEST_P(Algebra, CholeskyRefusesASingularMatrixOfExactNumbers) {
  DeviceMatrix<double> a(backend(), Rows::Constant(n, n, 1.0));
  EXPECT_FALSE(backend().cholesky(a.view()));
}

TEST_P(Algebra, SolveRightTransposed) {
  Random random(5);
  Rows l = lower(0.05 * random_values<double>(random, n, n));
  l.diagonal().setOnes();
  Rows given = l;
  given.triangularView<Eigen::StrictlyUpper>().setConstant(nan);  // not read
  const DeviceMatrix<double> l_in(backend(), given);
  for (const Index rows : {Index{1}, Index{64}, Index{201}}) {
    const Rows b = random_values<double>(random, rows, n);
    DeviceMatrix<double> x(backend(), b);
    backend().solve_right_transposed(l_in.view(), x.view());
    const Rows got = x.get();
    // backward error: |X L' - B| <= n eps |X| |L'|
    expect_within<double>(Rows(got * l.transpose()), b, 2.0 * n,
                          Rows(got.cwiseAbs() * l.cwiseAbs().transpose()));
  }
}

TEST_P(Algebra, ElementwiseOperationsAreExact) {
  Random random(6);
  constexpr Index m = 131;
  const Rows x = random_values<double>(random, n, m);
  const Rows square = random_values<double>(random, n, n);
  std::vector<double> d(n);
  for (double& entry : d) entry = random.normal();
  const Eigen::Map<const Eigen::VectorXd> diagonal(d.data(), n);
  const auto d_in = on_device(backend(), d);
  const DeviceMatrix<double> x_in(backend(), x);
  const DeviceMatrix<double> square_in(backend(), square);
  auto& kernels = backend().in<double>();

  DeviceMatrix<double> transposed(backend(), m, n);
  backend().transpose(x_in.view(), nullptr, transposed.view());
  expect_equal(transposed.get(), x.transpose());
  backend().transpose(x_in.view(), d_in.data(), transposed.view());
  expect_equal(transposed.get(), Rows(x.transpose() * diagonal.asDiagonal()));

  DeviceMatrix<double> symmetric(backend(), square);
  backend().symmetrise(symmetric.view());
  expect_equal(symmetric.get(), Rows(square.selfadjointView<Eigen::Lower>()));

  DeviceMatrix<double> shifted(backend(), square);
  kernels.combine(1.0, d_in.view(), 1.0, backend::diagonal_of(shifted.view()));
  expect_equal(shifted.get(), Rows(square + Rows(diagonal.asDiagonal())));

  const std::vector<double> taken = backend::download_diagonal(backend(), square_in.view());
  for (Index i = 0; i < n; ++i) ASSERT_EQ(at(taken, i), square(i, i));

  std::vector<double> host(n);
  backend().row_squares(x_in.view(), host.data());
  const Rows squares = x.rowwise().squaredNorm();
  expect_within<double>(Eigen::Map<const Eigen::VectorXd>(host.data(), n), squares, m, squares);
}

GEOLIP_ON_EVERY_BACKEND(Algebra);

}  // namespace
}  // namespace geolip
