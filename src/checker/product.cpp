#include <checker/product.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace geolip::checker {

void parallel_for(Index count, int threads, const std::function<void(Index)>& body) {
  if (threads <= 1 || count <= 1) {
    for (Index i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<Index> next{0};
  std::exception_ptr error;
  std::mutex error_mutex;
  const auto work = [&]() noexcept {
    try {
      for (Index i = next++; i < count; i = next++) body(i);
    } catch (...) {
      const std::lock_guard lock(error_mutex);
      error = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> workers;
    const Index helpers = std::min<Index>(threads, count) - 1;
    try {
      workers.reserve(static_cast<std::size_t>(helpers));
      for (Index t = 0; t < helpers; ++t) workers.emplace_back(work);
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): the others do its share
    }
    work();
  }
  if (error) std::rethrow_exception(error);
}

namespace {

constexpr Index strip_rows = 6;
constexpr Index strip_cols = 8;
constexpr Index solve_rows = 16;
constexpr Index tile_rows = 96;
constexpr Index tile_cols = 128;
constexpr Index tile_depth = 192;

Index strips(Index n, Index width) { return (n + width - 1) / width; }

/// Rows of a (count x depth) as strips of `width` rows each, transposed; missing rows are zero.
template <Index width>
void pack(Index count, Index depth, const double* a, Index lda, double* to) {
  for (Index s = 0; s < count; s += width) {
    const Index rows = std::min(width, count - s);
    for (Index i = 0; i < width; ++i) {
      const double* row = a + (s + i) * lda;
      if (i < rows) {
        for (Index p = 0; p < depth; ++p) to[p * width + i] = row[p];
      } else {
        for (Index p = 0; p < depth; ++p) to[p * width + i] = 0.0;
      }
    }
    to += width * depth;
  }
}

// The kernels, for any processor and for those with AVX2. (The compiler cuts vectors down to what a
// function's target has before it makes clones of it, so target_clones would not do.) Neither contracts
// a * b + c (-ffp-contract=off), so both give the same bits.
namespace plain {
#include <checker/product_kernels.inc>
}  // namespace plain

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {
#include <checker/product_kernels.inc>
}  // namespace avx2
#pragma GCC pop_options

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

void multiply_tile(Index m, Index n, Index depth, const double* a, const double* b, double* c, Index ldc) {
  return has_avx2() ? avx2::multiply_tile(m, n, depth, a, b, c, ldc)
                    : plain::multiply_tile(m, n, depth, a, b, c, ldc);
}

void solve_strip(Index n, const double* l, Index ldl, const double* inverse, double* x) {
  return has_avx2() ? avx2::solve_strip(n, l, ldl, inverse, x) : plain::solve_strip(n, l, ldl, inverse, x);
}
#else
using plain::multiply_tile;
using plain::solve_strip;
#endif

}  // namespace

void subtract_product(Index m, Index n, Index k, const double* a, Index lda, const double* b, Index ldb,
                      double* c, Index ldc, bool lower, int threads) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  const Index row_tiles = strips(m, tile_rows);
  const Index col_tiles = strips(n, tile_cols);
  const bool small = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) < 2e6;
  parallel_for(row_tiles * col_tiles, small ? 1 : threads, [&](Index tile) {
    const Index i = tile / col_tiles * tile_rows;
    const Index j = tile % col_tiles * tile_cols;
    const Index rows = std::min(tile_rows, m - i);
    const Index cols = std::min(tile_cols, n - j);
    if (lower && i + rows <= j) return;
    const Index most = std::min(tile_depth, k);
    std::vector<double> packed_a(static_cast<std::size_t>(strips(rows, strip_rows) * strip_rows * most));
    std::vector<double> packed_b(static_cast<std::size_t>(strips(cols, strip_cols) * strip_cols * most));
    for (Index p = 0; p < k; p += tile_depth) {
      const Index depth = std::min(tile_depth, k - p);
      pack<strip_rows>(rows, depth, a + i * lda + p, lda, packed_a.data());
      pack<strip_cols>(cols, depth, b + j * ldb + p, ldb, packed_b.data());
      multiply_tile(rows, cols, depth, packed_a.data(), packed_b.data(), c + i * ldc + j, ldc);
    }
  });
}

void solve_tile(Index m, Index n, const double* l, Index ldl, const double* inverse, double* x, Index ldx) {
  std::array<double, solve_rows * 64> strip{};
  for (Index i = 0; i < m; i += solve_rows) {
    const Index rows = std::min(solve_rows, m - i);
    for (Index r = 0; r < rows; ++r) {
      for (Index j = 0; j < n; ++j)
        strip[static_cast<std::size_t>(j * solve_rows + r)] = x[(i + r) * ldx + j];
    }
    solve_strip(n, l, ldl, inverse, strip.data());
    for (Index r = 0; r < rows; ++r) {
      for (Index j = 0; j < n; ++j)
        x[(i + r) * ldx + j] = strip[static_cast<std::size_t>(j * solve_rows + r)];
    }
  }
}

}  // namespace geolip::checker
