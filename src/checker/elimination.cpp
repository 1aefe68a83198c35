#include <checker/elimination.hpp>

#include <checker/product.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace geolip::checker {
namespace {

constexpr Index panel_width = 64;
constexpr Index chunk_rows = 96;

bool usable(double pivot) { return pivot > 0.0 && std::isfinite(pivot); }

/// Cholesky's method on one tile (n <= 64); false at a pivot that is not positive.
bool factor_tile(Index n, double* a, Index lda, double* inverse) {
  for (Index j = 0; j < n; ++j) {
    double* row = a + j * lda;
    for (Index k = 0; k <= j; ++k) {
      double sum = row[k];
      for (Index p = 0; p < k; ++p) sum -= row[p] * a[k * lda + p];
      if (k < j) {
        row[k] = sum * inverse[k];
      } else {
        if (!usable(sum)) return false;
        row[k] = std::sqrt(sum);
        inverse[k] = 1.0 / row[k];
      }
    }
  }
  return true;
}

/// Rows that take part in the elimination of one block column: some rows of one block below.
struct Chunk {
  double* data = nullptr;
  Index rows = 0;
};

class Elimination {
 public:
  Elimination(const Pattern& pattern, BlockMatrix& a, int threads)
      : pattern_(pattern), a_(a), threads_(threads) {}

  std::optional<Index> run() {
    for (Index k = 0; k < pattern_.count(); ++k) {
      if (!(pattern_.diagonal[at(k)] ? factor_diagonal(k) : factor_dense(k))) return k;
      subtract_from_rest(k);
    }
    return std::nullopt;
  }

 private:
  Index size(Index position) const { return pattern_.size[at(position)]; }
  bool present(Index i, Index j) const { return pattern_.present[at(i)][at(j)]; }
  double* block(Index i, Index j) { return a_.blocks[at(i)][at(j)].data(); }

  bool factor_diagonal(Index k) {
    const Index n = size(k);
    std::vector<double> inverse(at(n));
    for (Index i = 0; i < n; ++i) {
      const double pivot = block(k, k)[i];
      if (!usable(pivot)) return false;
      inverse[at(i)] = 1.0 / std::sqrt(pivot);
    }
    for (Index i = k + 1; i < pattern_.count(); ++i) {
      if (!present(i, k)) continue;
      double* rows = block(i, k);
      for (Index r = 0; r < size(i); ++r) {
        for (Index j = 0; j < n; ++j) rows[r * n + j] *= inverse[at(j)];
      }
    }
    return true;
  }

  /// From left to right in panels: each panel takes in the panels before it, then is factored and solved
  /// with.
  bool factor_dense(Index k) {
    const Index n = size(k);
    double* l = block(k, k);
    std::array<double, panel_width> inverse{};
    for (Index p = 0; p < n; p += panel_width) {
      const Index width = std::min(panel_width, n - p);
      double* panel = l + p * n;
      subtract_product(width, width, p, panel, n, panel, n, panel + p, n, true);
      if (!factor_tile(width, panel + p, n, inverse.data())) return false;
      const std::vector<Chunk> below = chunks(k, p + width);
      const double work =
          static_cast<double>(below.size()) * chunk_rows * panel_width * static_cast<double>(p + width);
      parallel_for(static_cast<Index>(below.size()), work < 2e6 ? 1 : threads_, [&](Index c) {
        const Chunk& chunk = below[at(c)];
        subtract_product(chunk.rows, width, p, chunk.data, n, panel, n, chunk.data + p, n);
        solve_tile(chunk.rows, width, panel + p, n, inverse.data(), chunk.data + p, n);
      });
    }
    return true;
  }

  /// All rows of block column k below row `first` of its diagonal block.
  std::vector<Chunk> chunks(Index k, Index first) {
    std::vector<Chunk> result;
    for (Index i = k; i < pattern_.count(); ++i) {
      if (!present(i, k)) continue;
      for (Index r = i == k ? first : 0; r < size(i); r += chunk_rows)
        result.push_back({block(i, k) + r * size(k), std::min(chunk_rows, size(i) - r)});
    }
    return result;
  }

  /// A_ij -= L_ik L_jk'
  void subtract_from_rest(Index k) {
    const Index n = size(k);
    for (Index i = k + 1; i < pattern_.count(); ++i) {
      if (!present(i, k)) continue;
      for (Index j = k + 1; j <= i; ++j) {
        if (!present(j, k)) continue;
        if (i == j && pattern_.diagonal[at(i)]) {  // l_1: the inputs, each for itself
          for (Index r = 0; r < size(i); ++r) {
            const double* row = block(i, k) + r * n;
            double sum = 0.0;
            for (Index p = 0; p < n; ++p) sum += row[p] * row[p];
            block(i, i)[r] -= sum;
          }
        } else {
          subtract_product(size(i), size(j), n, block(i, k), n, block(j, k), n, block(i, j), size(j), i == j,
                           threads_);
        }
      }
    }
  }

  const Pattern& pattern_;
  BlockMatrix& a_;
  int threads_;
};

}  // namespace

std::optional<Index> breakdown(const Pattern& pattern, BlockMatrix& a, int threads) {
  return Elimination(pattern, a, threads).run();
}

}  // namespace geolip::checker
