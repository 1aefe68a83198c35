/// \file
/// Matrices in a backend's memory, made from and turned back into Eigen's.
#pragma once

#include <backend/buffer.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>
#include <Eigen/Core>

#include <limits>
#include <span>

namespace geolip::test {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
RowMajor<T> random_values(Random& random, Index rows, Index cols) {
  RowMajor<T> m(rows, cols);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<T>(random.normal());
  return m;
}

/// A matrix that stands inside a wider one, so that its stride is larger than a row. What stands around it
/// must stay as it is.
template <class T>
class DeviceMatrix {
 public:
  DeviceMatrix(backend::Backend& backend, const RowMajor<T>& values)
      : rows_(values.rows()), cols_(values.cols()), buffer_(backend, rows_, cols_ + 2 * margin) {
    RowMajor<T> whole = RowMajor<T>::Constant(rows_, cols_ + 2 * margin, canary);
    whole.middleCols(margin, cols_) = values;
    buffer_.upload({whole.data(), static_cast<std::size_t>(whole.size())});
  }
  DeviceMatrix(backend::Backend& backend, Index rows, Index cols)
      : DeviceMatrix(backend, RowMajor<T>::Constant(rows, cols, std::numeric_limits<T>::quiet_NaN())) {}

  backend::View<T> view() { return {buffer_.data() + margin, rows_, cols_, cols_ + 2 * margin}; }
  backend::ConstView<T> view() const { return {buffer_.data() + margin, rows_, cols_, cols_ + 2 * margin}; }

  RowMajor<T> get() const {
    const std::vector<T> host = buffer_.download();
    const Eigen::Map<const RowMajor<T>> whole(host.data(), rows_, cols_ + 2 * margin);
    EXPECT_TRUE((whole.leftCols(margin).array() == canary).all() &&
                (whole.rightCols(margin).array() == canary).all())
        << "something was written outside the matrix";
    return whole.middleCols(margin, cols_);
  }

 private:
  static constexpr Index margin = 3;
  static constexpr T canary = T(-777);

  Index rows_;
  Index cols_;
  backend::Buffer<T> buffer_;
};

/// A vector in a backend's memory.
template <class T>
backend::Buffer<T> on_device(backend::Backend& backend, const std::vector<T>& host) {
  return backend::Buffer<T>(backend, std::span<const T>(host));
}

/// A batch's columns in a backend's memory.
class DeviceColumns {
 public:
  DeviceColumns(backend::Backend& backend, const std::vector<Index>& ranks,
                const std::vector<std::int32_t>& sets)
      : ranks_(ranks), host_{0} {
    for (const Index r : ranks) host_.push_back(host_.back() + static_cast<std::int32_t>(r));
    offset_ = on_device(backend, host_);
    slope_ = on_device(backend, sets);
  }
  backend::Columns layout() const { return {problems(), total(), offset_.data(), slope_.data()}; }
  Index problems() const { return static_cast<Index>(ranks_.size()); }
  Index total() const { return host_.back(); }
  Index first(Index b) const { return host_[static_cast<std::size_t>(b)]; }
  Index rank(Index b) const { return ranks_[static_cast<std::size_t>(b)]; }

 private:
  std::vector<Index> ranks_;
  std::vector<std::int32_t> host_;
  backend::Buffer<std::int32_t> offset_;
  backend::Buffer<std::int32_t> slope_;
};

/// |actual - expected| <= units eps magnitude, entry by entry; eps is that of T.
template <class T, class Actual, class Expected, class Magnitude>
void expect_within(const Actual& actual, const Expected& expected, double units, const Magnitude& magnitude) {
  const auto eps = static_cast<double>(std::numeric_limits<T>::epsilon());
  ASSERT_EQ(actual.rows(), expected.rows());
  ASSERT_EQ(actual.cols(), expected.cols());
  for (Index i = 0; i < actual.rows(); ++i) {
    for (Index j = 0; j < actual.cols(); ++j) {
      const double allowed = units * eps * static_cast<double>(magnitude(i, j));
      ASSERT_NEAR(static_cast<double>(actual(i, j)), static_cast<double>(expected(i, j)), allowed)
          << "at (" << i << ", " << j << ")";
    }
  }
}

/// Entry by entry the same number (and no message of a thousand lines where they differ).
template <class A, class B>
void expect_equal(const A& actual, const B& expected) {
  ASSERT_EQ(actual.rows(), expected.rows());
  ASSERT_EQ(actual.cols(), expected.cols());
  for (Index i = 0; i < actual.rows(); ++i) {
    for (Index j = 0; j < actual.cols(); ++j) {
      ASSERT_EQ(actual(i, j), expected(i, j)) << "at (" << i << ", " << j << ")";
    }
  }
}

}  // namespace geolip::test
