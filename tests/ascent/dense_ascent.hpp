/// \file
/// The ascent for one problem, written down again in Eigen straight from docs/method.md, section 3.
#pragma once

#include <kernels/row_math.hpp>
#include <support/prepared.hpp>

namespace geolip::test {

class DenseAscent {
 public:
  using MatrixXd = Eigen::MatrixXd;

  DenseAscent(const Network& network, const Prepared& setup, problem::Problem problem, Norm norm, Index id,
              Index rank, std::uint64_t seed)
      : weights_(dense_weights(network)), problem_(std::move(problem)), norm_(norm) {
    if (norm == Norm::l1) weights_.front() = weights_.front().col(problem_.ball.coordinates.front()).eval();
    const auto depth = static_cast<Index>(setup.slopes.size());
    for (const auto& layer : setup.slopes) {
      c_.push_back(centres(layer, problem_.slope_set));
      h_.push_back(half_widths(layer, problem_.slope_set));
    }
    const auto start = [&](Index rows, Index tensor) {
      MatrixXd x(rows, rank);
      const auto stream = static_cast<std::uint64_t>(id * (depth + 1) + tensor);
      for (Index i = 0; i < rows; ++i) {
        for (Index j = 0; j < rank; ++j) {
          x(i, j) =
              kernels::noise(kernels::stream_key(seed, stream), static_cast<std::uint64_t>(i * rank + j));
        }
      }
      return x;
    };
    x_ = x_hat_ = unit(start(weights_.front().cols(), 0), norm != Norm::linf);
    for (Index k = 0; k < depth; ++k) {
      s_.push_back(unit(start(weights_[static_cast<std::size_t>(k)].rows(), k + 1), false));
    }
    s_hat_ = s_;
  }

  /// (M6), and the objective (M4)
  double forward() {
    MatrixXd v = x_hat_;
    w_.clear();
    rho.clear();
    for (std::size_t k = 0; k < c_.size(); ++k) {
      w_.push_back(weights_[k] * v);
      rho.push_back(w_[k].rowwise().norm());
      v = c_[k].asDiagonal() * w_[k];
      v += h_[k].cwiseProduct(rho[k]).asDiagonal() * s_hat_[k];
    }
    y_ = weights_.back() * v;
    return problem_.vector ? y_.squaredNorm() : to_eigen(problem_.row.dense()).dot(y_.col(0));
  }

  /// (M7) to (M12)
  double sweep() {
    const double value = forward();
    if (value < before_) sweeps_ = 0;
    before_ = value;
    ++sweeps_;
    const double beta = static_cast<double>(sweeps_ - 1) / static_cast<double>(sweeps_ + 2);
    MatrixXd at_output = MatrixXd::Zero(y_.rows(), y_.cols());
    if (problem_.vector) {
      at_output = 2.0 * y_;
    } else {
      at_output.col(0) = to_eigen(problem_.row.dense());
    }
    MatrixXd down = weights_.back().transpose() * at_output;
    g.assign(c_.size(), {});
    for (std::size_t k = c_.size(); k-- > 0;) {
      g[k] = down.rowwise().norm();
      const MatrixXd now = unit(down, false);
      s_hat_[k] = unit(now + beta * (now - s_[k]), false);
      s_[k] = now;
      const MatrixXd share = c_[k].asDiagonal() * down;
      const MatrixXd turned = h_[k].cwiseProduct(g[k]).cwiseQuotient(rho[k]).asDiagonal() * w_[k];
      down = weights_[k].transpose() * (share + turned);
    }
    const bool ball = norm_ != Norm::linf;
    input = ball ? Eigen::VectorXd::Constant(1, down.norm()) : Eigen::VectorXd(down.rowwise().norm());
    const MatrixXd now = unit(down, ball);
    x_hat_ = unit(now + beta * (now - x_), ball);
    x_ = now;
    return value;
  }

  // what (M10) needs
  std::vector<Eigen::VectorXd> g;
  std::vector<Eigen::VectorXd> rho;
  Eigen::VectorXd input;

 private:
  static MatrixXd unit(MatrixXd x, bool ball) {
    return ball ? MatrixXd(x / x.norm()) : MatrixXd(x.rowwise().normalized());
  }

  std::vector<MatrixXd> weights_;
  std::vector<Eigen::VectorXd> c_;
  std::vector<Eigen::VectorXd> h_;
  problem::Problem problem_;
  Norm norm_;
  MatrixXd x_;
  MatrixXd x_hat_;
  std::vector<MatrixXd> s_;
  std::vector<MatrixXd> s_hat_;
  std::vector<MatrixXd> w_;
  MatrixXd y_;
  double before_ = 0.0;
  int sweeps_ = 0;
};

}  // namespace geolip::test
