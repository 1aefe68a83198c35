// The linear map of a stage against the dense matrix that it stands for.
#include <operators/linear_map.hpp>
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

#include <numeric>
#include <stdexcept>

namespace geolip {
namespace {

using backend::Backend;
using Eigen::MatrixXd;
using operators::LinearMap;
using test::DeviceMatrix;
using test::expect_within;
using test::on_device;
using test::Random;
using test::random_values;
using test::RowMajor;

enum class Kind { dense, affine, permutation };

/// Every sequence of up to three layers.
std::vector<std::vector<Kind>> all_stages() {
  std::vector<std::vector<Kind>> stages{{}};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].size() == 3) continue;
    for (const Kind kind : {Kind::dense, Kind::affine, Kind::permutation}) {
      std::vector<Kind> longer = stages[i];
      longer.push_back(kind);
      stages.push_back(longer);
    }
  }
  return stages;
}

/// Adds a random layer and multiplies its matrix onto `product`.
void add_layer(Network& network, Kind kind, Random& random, MatrixXd& product) {
  const Index n = network.outputs();
  if (kind == Kind::dense) {
    Dense dense{test::random_matrix(random, random.integer(1, 9), n, 1.0), {}};
    const RowMajor<double> w =
        Eigen::Map<const RowMajor<double>>(dense.weight.data.data(), dense.weight.rows, n);
    product = w * product;
    network.add({"dense", dense});
  } else if (kind == Kind::affine) {
    Affine affine;
    for (Index i = 0; i < n; ++i) affine.scale.push_back(i % 3 == 0 ? 1.0 : random.normal());
    product = Eigen::Map<const Eigen::VectorXd>(affine.scale.data(), n).asDiagonal() * product;
    network.add({"affine", affine});
  } else {
    Permutation permutation;
    permutation.source.resize(static_cast<std::size_t>(n));
    std::iota(permutation.source.begin(), permutation.source.end(), Index{0});
    for (Index i = n - 1; i > 0; --i) {
      std::swap(permutation.source[static_cast<std::size_t>(i)],
                permutation.source[static_cast<std::size_t>(random.integer(0, i))]);
    }
    const MatrixXd before = product;
    for (Index i = 0; i < n; ++i)
      product.row(i) = before.row(permutation.source[static_cast<std::size_t>(i)]);
    network.add({"permutation", permutation});
  }
}

/// Two copies of a stage around an activation, so that one leads to a tensor and the other to the output.
struct TwoStages {
  Network network{7};
  MatrixXd first = MatrixXd::Identity(7, 7);
  MatrixXd last;

  TwoStages(const std::vector<Kind>& kinds, Random& random) {
    for (const Kind kind : kinds) add_layer(network, kind, random, first);
    network.add({"relu", Activation(ActivationKind::relu)});
    last = MatrixXd::Identity(network.outputs(), network.outputs());
    for (const Kind kind : kinds) add_layer(network, kind, random, last);
  }
};

/// Diag(2^out) B Diag(2^-in)
MatrixXd scaled(MatrixXd b, const std::vector<int>& in, const std::vector<int>& out) {
  for (Index i = 0; i < b.rows(); ++i) b.row(i) *= std::ldexp(1.0, out[static_cast<std::size_t>(i)]);
  for (Index j = 0; j < b.cols(); ++j) b.col(j) *= std::ldexp(1.0, -in[static_cast<std::size_t>(j)]);
  return b;
}

problem::Scaling random_scaling(const problem::Chain& chain, Random& random) {
  problem::Scaling scaling = problem::unit_scaling(chain);
  for (auto& tensor : scaling.tensors) {
    const int base = static_cast<int>(random.integer(-40, 40));
    for (int& e : tensor) e = base + static_cast<int>(random.integer(-4, 4));
  }
  scaling.output = static_cast<int>(random.integer(-4, 4));
  return scaling;
}

template <class T>
void expect_is(Backend& backend, LinearMap<T>& map, const MatrixXd& b, Random& random) {
  ASSERT_EQ(map.outputs(), b.rows());
  ASSERT_EQ(map.inputs(), b.cols());
  constexpr Index columns = 5;
  // entries of the three factors carry a rounding each, sums one a term
  const double units = 40.0;
  const RowMajor<T> x = random_values<T>(random, map.inputs(), columns);
  const RowMajor<T> y = random_values<T>(random, map.outputs(), columns);
  const MatrixXd xd = x.template cast<double>();
  const MatrixXd yd = y.template cast<double>();
  const DeviceMatrix<T> x_in(backend, x);
  const DeviceMatrix<T> y_in(backend, y);
  DeviceMatrix<T> bx(backend, map.outputs(), columns);
  DeviceMatrix<T> by(backend, map.inputs(), columns);
  map.apply(x_in.view(), bx.view());
  map.adjoint(y_in.view(), by.view());
  // products of several matrices may cancel: the size of a result is that of its largest entries
  const double size = b.cwiseAbs().maxCoeff() * static_cast<double>(std::max(b.rows(), b.cols()));
  const MatrixXd bx_got = bx.get().template cast<double>();
  const MatrixXd by_got = by.get().template cast<double>();
  expect_within<T>(bx_got, MatrixXd(b * xd), units, MatrixXd::Constant(b.rows(), columns, 20.0 * size));
  expect_within<T>(by_got, MatrixXd(b.transpose() * yd), units,
                   MatrixXd::Constant(b.cols(), columns, 20.0 * size));
  // <B x, y> = <x, B' y>
  const double forward = bx_got.cwiseProduct(yd).sum();
  const double backward = xd.cwiseProduct(by_got).sum();
  const auto eps = static_cast<double>(std::numeric_limits<T>::epsilon());
  EXPECT_NEAR(forward, backward,
              units * eps * (bx_got.norm() * yd.norm() + xd.norm() * by_got.norm()) * 20.0);
}

template <class T>
void all_orders(Backend& backend) {
  Random random(23);
  for (const auto& kinds : all_stages()) {
    std::string trace;
    for (const Kind kind : kinds) trace += "DAP"[static_cast<std::size_t>(kind)];
    SCOPED_TRACE("stage " + trace);
    const TwoStages stages(kinds, random);
    const problem::Chain chain = problem::make_chain(stages.network);
    const problem::Scaling scaling = random_scaling(chain, random);
    auto maps = operators::make_linear_maps<T>(backend, chain, scaling);
    ASSERT_EQ(maps.size(), 2U);
    const MatrixXd first = scaled(stages.first, scaling.tensors[0], scaling.tensors[1]);
    const std::vector<int> output(static_cast<std::size_t>(stages.network.outputs()), scaling.output);
    const MatrixXd last = scaled(stages.last, scaling.tensors[1], output);
    expect_is<T>(backend, maps[0], first, random);
    expect_is<T>(backend, maps[1], last, random);
    if constexpr (std::is_same_v<T, double>) {
      for (const bool is_last : {false, true}) {
        const MatrixXd& b = is_last ? last : first;
        std::vector<double> d;
        for (Index i = 0; i < b.rows(); ++i) d.push_back(random.normal());
        const auto d_in = on_device(backend, d);
        DeviceMatrix<double> x(backend, b.cols(), b.rows());
        maps[is_last ? 1 : 0].adjoint_of_diagonal(d_in.data(), x.view());
        const MatrixXd expected =
            b.transpose() * Eigen::Map<const Eigen::VectorXd>(d.data(), b.rows()).asDiagonal();
        const double size = b.cwiseAbs().maxCoeff() * static_cast<double>(std::max(b.rows(), b.cols()));
        expect_within<double>(x.get(), expected, 40.0, MatrixXd::Constant(b.cols(), b.rows(), 20.0 * size));
      }
    }
  }
}

class LinearMaps : public test::OnEveryBackend {};

TEST_P(LinearMaps, FloatInAllOrders) { all_orders<float>(backend()); }
TEST_P(LinearMaps, DoubleInAllOrders) { all_orders<double>(backend()); }

TEST_P(LinearMaps, PowersOfTwoAreExact) {
  Random random(29);
  Network network(40);
  network.add({"dense", Dense{test::random_matrix(random, 30, 40, 1.0), {}}});
  const problem::Chain chain = problem::make_chain(network);
  problem::Scaling scaling = problem::unit_scaling(chain);
  auto plain = operators::make_linear_maps<float>(backend(), chain, scaling);
  scaling.output = 17;
  auto shifted = operators::make_linear_maps<float>(backend(), chain, scaling);
  const DeviceMatrix<float> x(backend(), random_values<float>(random, 40, 3));
  DeviceMatrix<float> y(backend(), 30, 3);
  DeviceMatrix<float> z(backend(), 30, 3);
  plain[0].apply(x.view(), y.view());
  shifted[0].apply(x.view(), z.view());
  test::expect_equal(z.get(), RowMajor<float>(131072.0F * y.get()));
}

TEST_P(LinearMaps, TensorsFarFromUnitSizeStayInRange) {
  // both ends of the stage are 2^900 away; only their difference is applied
  Network network(1);
  network.add({"first", Dense{Matrix(1, 1), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  Matrix weight(1, 1);
  weight(0, 0) = 3.0;
  network.add({"last", Dense{weight, {}}});
  const problem::Chain chain = problem::make_chain(network);
  problem::Scaling scaling = problem::unit_scaling(chain);
  scaling.tensors[1][0] = 900;
  scaling.output = 901;
  auto maps = operators::make_linear_maps<double>(backend(), chain, scaling);
  const DeviceMatrix<double> x(backend(), RowMajor<double>::Ones(1, 1));
  DeviceMatrix<double> y(backend(), 1, 1);
  maps[1].apply(x.view(), y.view());
  EXPECT_EQ(y.get()(0, 0), 6.0);
}

TEST_P(LinearMaps, TheQuadraticSweepIsInFloat64Alone) {
  Random random(31);
  for (const Kind kind : {Kind::dense, Kind::affine, Kind::permutation}) {
    MatrixXd product = MatrixXd::Identity(7, 7);
    Network network(7);
    add_layer(network, kind, random, product);
    auto maps = operators::make_linear_maps<float>(backend(), problem::make_chain(network),
                                                   problem::unit_scaling(problem::make_chain(network)));
    const auto d =
        on_device(backend(), std::vector<float>(static_cast<std::size_t>(network.outputs()), 1.0F));
    DeviceMatrix<float> x(backend(), 7, network.outputs());
    EXPECT_THROW(maps[0].adjoint_of_diagonal(d.data(), x.view()), std::logic_error);
  }
}

GEOLIP_ON_EVERY_BACKEND(LinearMaps);

}  // namespace
}  // namespace geolip
