// The BLAS library of the host: one setting of a process, shared by all backends, and Eigen in its place.
#include <backend/cpu/blas.hpp>
#include <support/address_space.hpp>
#include <support/backends.hpp>

#include <gtest/gtest.h>

#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace geolip::backend::cpu {
namespace {

class BlasThreads : public testing::Test {
 protected:
  void SetUp() override {
    make_cpu_backend(1);  // loads the library
    void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) GTEST_SKIP() << "OpenBLAS is not there";
    get = reinterpret_cast<int (*)()>(dlsym(library, "openblas_get_num_threads"));
    set = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
    before = get();
    set(2);  // as the program around us may have it
  }
  void TearDown() override {
    if (set != nullptr) set(before);
  }
  int (*get)() = nullptr;
  void (*set)(int) = nullptr;
  int before = 1;
};

TEST_F(BlasThreads, AreOneWhileAnyBackendLives) {
  for (const bool first_goes_first : {true, false}) {
    std::unique_ptr<Backend> first = make_cpu_backend(2);
    EXPECT_EQ(get(), 1);
    std::unique_ptr<Backend> second = make_cpu_backend(3);
    const std::unique_ptr<Backend> fork = second->fork();
    (first_goes_first ? first : second).reset();
    EXPECT_EQ(get(), 1);
    std::unique_ptr<Backend> third = make_cpu_backend(1);
    (first_goes_first ? second : first).reset();
    EXPECT_EQ(get(), 1);
  }
  EXPECT_EQ(get(), 2);
}

#ifdef __x86_64__
TEST_F(BlasThreads, RunKernelsThatTheProcessorHas) {
  void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD);
  const auto kernels = reinterpret_cast<const char* (*)()>(dlsym(library, "openblas_get_corename"));
  if (kernels == nullptr || std::getenv("OPENBLAS_CORETYPE") != nullptr) {
    GTEST_SKIP() << "the kernels are given";
  }
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) GTEST_SKIP() << "an old processor";
  EXPECT_STRNE(kernels(), "Prescott");
}
#endif

TEST_F(BlasThreads, AreRestoredWhereABackendCannotBeMade) {
  if (!test::limits_address_space) GTEST_SKIP() << "a sanitizer needs all of the address space";
  // in a process of its own, whose threads stay 2
  EXPECT_EXIT(
      {
        test::leave_address_space(std::size_t{200} << 20);
        try {
          make_cpu_backend(1000);
        } catch (const ResourceError&) {
          std::_Exit(get());
        }
        std::_Exit(9);
      },
      testing::ExitedWithCode(2), "");
}

/// A matrix within a larger one, whose other entries are not numbers.
template <class T>
class Padded {
 public:
  Padded(Index rows, Index cols, unsigned seed)
      : rows_(rows), cols_(cols), data_(static_cast<std::size_t>(rows * (cols + 3)), nan) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<T> uniform(-1, 1);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < cols; ++j) view().data[i * (cols + 3) + j] = uniform(random);
    }
  }
  View<T> view() { return {data_.data(), rows_, cols_, cols_ + 3}; }
  T operator()(Index i, Index j) const { return data_[static_cast<std::size_t>(i * (cols_ + 3) + j)]; }
  void forget() { data_.assign(data_.size(), nan); }

 private:
  static constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  Index rows_;
  Index cols_;
  std::vector<T> data_;
};

template <class T>
class Products : public testing::Test {};
using Arithmetics = testing::Types<float, double>;
TYPED_TEST_SUITE(Products, Arithmetics);

TYPED_TEST(Products, AreThoseOfTheFormula) {
  using T = TypeParam;
  const Blas blas(1);
  const std::vector<std::vector<Index>> sizes{{1, 1, 1},   {7, 5, 3},  {1, 40, 30},
                                              {40, 1, 30}, {1, 1, 50}, {33, 65, 17}};
  for (const std::vector<Index>& size : sizes) {
    const Index rows = size[0];
    const Index cols = size[1];
    const Index inner = size[2];
    for (int which = 0; which < 12; ++which) {
      const bool a_transposed = which % 2 == 1;
      const bool b_transposed = which / 2 % 2 == 1;
      const T beta = std::vector<T>{0, 1, T(0.5)}[static_cast<std::size_t>(which / 4)];
      Padded<T> a(a_transposed ? inner : rows, a_transposed ? rows : inner, 1);
      Padded<T> b(b_transposed ? cols : inner, b_transposed ? inner : cols, 2);
      for (const bool eigen : {false, true}) {
        const Padded<T> old(rows, cols, 3);
        Padded<T> c = old;
        if (beta == T(0)) c.forget();  // it is only written
        (eigen ? eigen_product<T> : product<T>)(T(-2), {a.view(), a_transposed}, {b.view(), b_transposed},
                                                beta, c.view());
        for (Index i = 0; i < rows; ++i) {
          for (Index j = 0; j < cols; ++j) {
            double sum = beta == T(0) ? 0.0 : static_cast<double>(beta * old(i, j));
            for (Index k = 0; k < inner; ++k) {
              sum += -2.0 * static_cast<double>(a_transposed ? a(k, i) : a(i, k)) *
                     static_cast<double>(b_transposed ? b(j, k) : b(k, j));
            }
            // inner + 3 roundings of terms of at most 2
            const double tolerance = static_cast<double>(std::numeric_limits<T>::epsilon()) *
                                     static_cast<double>(inner + 3) * 2.0 * static_cast<double>(inner + 1);
            ASSERT_NEAR(static_cast<double>(c(i, j)), sum, tolerance) << i << ", " << j << " of " << which;
          }
        }
      }
    }
  }
}

TEST(SolveRight, EndsTheProduct) {
  const Blas blas(1);
  constexpr Index n = 70;
  constexpr Index rows = 9;
  Padded<double> l(n, n, 1);
  for (Index i = 0; i < n; ++i) l.view().data[i * l.view().ld + i] = static_cast<double>(n);
  const Padded<double> b(rows, n, 2);
  for (const auto solve : {solve_right, eigen_solve_right}) {
    Padded<double> x = b;
    solve(l.view(), x.view());
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < n; ++j) {
        double sum = 0.0;
        for (Index k = 0; k <= j; ++k) sum += x(i, k) * l(j, k);
        ASSERT_NEAR(sum, b(i, j), 1e-13);
      }
    }
  }
}

}  // namespace
}  // namespace geolip::backend::cpu
