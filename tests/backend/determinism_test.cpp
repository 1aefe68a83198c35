// The determinism contract: a backend gives the same bits on every run, and the CPU whatever its threads.
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

#include <cstring>
#include <map>

namespace geolip {
namespace {

using backend::Backend;
using kernels::Momentum;
using test::DeviceColumns;
using test::DeviceMatrix;
using test::on_device;
using test::Random;
using test::random_values;
using test::RowMajor;

using Results = std::map<std::string, std::vector<double>>;

template <class T>
std::vector<double> wide(const RowMajor<T>& m) {
  return {m.data(), m.data() + m.size()};
}

/// Every operation of a sweep once, on shapes that are cut into many pieces.
template <class T>
void run_kernels(Backend& backend, const std::string& type, Results& results) {
  Random random(17);
  constexpr Index n = 700;
  const DeviceColumns columns(backend, {1, 5, 16, 33, 64, 300}, {0, 0, 0, 0, 0, 0});
  const Index m = columns.total();
  auto& kernels = backend.in<T>();
  const auto keep = [&](const std::string& name, const DeviceMatrix<T>& x) {
    results[type + name] = wide(x.get());
  };
  const auto random_matrix = [&](Index rows, Index cols) {
    return DeviceMatrix<T>(backend, random_values<T>(random, rows, cols));
  };
  const auto slope_values = random_values<T>(random, n, 1);
  const auto slope = on_device(backend, std::vector<T>(slope_values.data(), slope_values.data() + n));
  const backend::Slopes<T> slopes{slope.data(), slope.data(), 1};
  const auto momentum = on_device(backend, std::vector<Momentum>(6, {1.0, 2.0, 0.5}));
  const DeviceMatrix<T> a = random_matrix(n, n);
  const DeviceMatrix<T> x = random_matrix(n, m);
  DeviceMatrix<T> w(backend, n, m);
  kernels.multiply(a.view(), x.view(), w.view());
  keep("multiply", w);
  kernels.multiply_transposed(a.view(), x.view(), w.view());
  keep("multiply_transposed", w);

  DeviceMatrix<T> s = random_matrix(n, m);
  DeviceMatrix<T> s_hat = random_matrix(n, m);
  DeviceMatrix<T> norms = random_matrix(n, 6);
  const backend::RowState<T> state{s.view(), s_hat.view(), norms.view()};
  kernels.normalise(columns.layout(), state);
  keep("normalise", s_hat);
  DeviceMatrix<T> rho(backend, n, 6);
  DeviceMatrix<T> v(backend, n, m);
  kernels.forward_rows(columns.layout(), slopes, w.view(), s_hat.view(), rho.view(), v.view());
  keep("forward_rows rho", rho);
  keep("forward_rows v", v);
  DeviceMatrix<T> g = random_matrix(n, m);
  kernels.backward_rows(columns.layout(), slopes, momentum.data(), w.view(), rho.view(), state, g.view());
  keep("backward_rows g", g);
  keep("backward_rows s_hat", s_hat);
  kernels.backward_input(columns.layout(), momentum.data(), w.view(), state);
  keep("backward_input s_hat", s_hat);
  const backend::RowState<T> ball{s.view(), s_hat.view(), norms.view(), true};
  kernels.normalise(columns.layout(), ball);
  keep("normalise ball", s_hat);
  kernels.backward_input(columns.layout(), momentum.data(), w.view(), ball);
  keep("backward_input ball s_hat", s_hat);
  keep("backward_input ball g", norms);

  const DeviceMatrix<T> l1 = random_matrix(n, 6);
  DeviceMatrix<T> row(backend, 1, m);
  kernels.collect_column(columns.layout(), l1.view(), w.view(), row.view());
  keep("collect_column", row);
  kernels.spread_column(columns.layout(), l1.view(), row.view(), v.view());
  keep("spread_column", v);
  const DeviceMatrix<double> u(backend, random_values<double>(random, n, 6));
  const auto vector = on_device(backend, std::vector<std::int32_t>{0, 1, 0, 1, 0, 1});
  backend::Buffer<double> value(backend, 6);
  kernels.objective(columns.layout(), u.view(), vector.data(), w.view(), g.view(), value.data(), {});
  keep("objective g", g);
  results[type + "objective"] = value.download();
  const DeviceMatrix<T> d = random_matrix(m, 7);
  DeviceMatrix<T> signs(backend, n, 42);
  kernels.project_signs(columns.layout(), s_hat.view(), d.view(), signs.view());
  keep("project_signs", signs);
  const auto all = on_device(backend, std::vector<std::int32_t>(static_cast<std::size_t>(m), 1));
  kernels.add_noise(T(0.5), 3, 4, all.data(), v.view());
  keep("add_noise", v);
}

void run_algebra(Backend& backend, Results& results) {
  Random random(18);
  constexpr Index n = 500;
  const RowMajor<double> a = random_values<double>(random, n, n);
  const DeviceMatrix<double> a_in(backend, a);
  DeviceMatrix<double> k(backend, RowMajor<double>::Zero(n, n));
  backend.syrk(1.0, a_in.view(), 0.0, k.view());
  results["syrk"] = wide(k.get());
  backend.syrk_transposed(0.5, a_in.view(), 1.0, k.view());
  results["syrk_transposed"] = wide(k.get());
  ASSERT_TRUE(backend.cholesky(k.view()));
  results["cholesky"] = wide(k.get());
  DeviceMatrix<double> b(backend, random_values<double>(random, 333, n));
  backend.solve_right_transposed(k.view(), b.view());
  results["solve_right_transposed"] = wide(b.get());
  std::vector<double> squares(333);
  backend.row_squares(b.view(), squares.data());
  results["row_squares"] = squares;
}

Results run_all(const std::string& name) {
  const auto backend = test::make_named_backend(name);
  Results results;
  run_kernels<float>(*backend, "float ", results);
  run_kernels<double>(*backend, "double ", results);
  run_algebra(*backend, results);
  return results;
}

void expect_same_bits(const Results& a, const Results& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, values] : a) {
    ASSERT_EQ(values.size(), b.at(name).size()) << name;
    EXPECT_EQ(std::memcmp(values.data(), b.at(name).data(), values.size() * sizeof(double)), 0) << name;
  }
}

class Determinism : public test::OnEveryBackend {};

TEST_P(Determinism, SameBitsOnEveryRun) { expect_same_bits(run_all(GetParam()), run_all(GetParam())); }

GEOLIP_ON_EVERY_BACKEND(Determinism);

TEST(DeterminismOfTheCpu, SameBitsWhateverTheThreads) {
  const Results one = run_all("cpu1");
  expect_same_bits(one, run_all("cpu3"));
  expect_same_bits(one, run_all("cpu8"));
}

}  // namespace
}  // namespace geolip
