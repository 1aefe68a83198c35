#include <checker/enclosed_matrix.hpp>

#include <checker/product.hpp>
#include <checker/rounding.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace geolip::checker {
namespace {

constexpr std::int64_t no_exponent = std::numeric_limits<std::int64_t>::min() / 4;

struct Bounded {
  double value = 0.0;
  double error = 0.0;
};

/// (v +- e) (s +- r) for |s|, r <= 1. Zero times anything stays exactly zero, and so does an exact product.
Bounded times(double v, double e, double s, double r) {
  if ((v == 0.0 && e == 0.0) || (s == 0.0 && r == 0.0)) return {};
  const double product = v * s;
  double error = e * (std::abs(s) + r) + std::abs(v) * r;
  // two normal numbers, one of which is a power of two, multiply exactly
  const bool power = std::abs(s) == 0.5 || std::abs(s) == 1.0;
  const bool exact = power && product / s == v;
  if (!exact) error += unit * std::abs(product) + 0x1p-1073;
  return {product, error == 0.0 ? 0.0 : error * upwards + 0x1p-1073};
}

/// What x + y has lost as the rounded `sum`, exactly (Knuth's TwoSum).
double lost(double x, double y, double sum) {
  const double back = sum - x;
  return (x - (sum - back)) + (y - back);
}

/// A Monomial's entry from bounded numbers, normalised.
void append(Monomial& to, Index source, Bounded s, std::int64_t exponent) {
  const double size = std::max(std::abs(s.value), s.error);
  const std::int64_t shift = size == 0.0 ? 0 : exponent_of(size) + 1;
  Bounded scaled{times_power(s.value, -shift), times_power(s.error, -shift)};
  if (s.error != 0.0) scaled.error = scaled.error * upwards + 0x1p-1000;
  if (times_power(scaled.value, shift) != s.value) scaled.error += 0x1p-1000;
  to.source.push_back(source);
  to.value.push_back(scaled.value);
  to.error.push_back(scaled.error);
  to.exponent.push_back(exponent + shift);
}

/// Whether every row of `a` copies a row of what follows, or adds or subtracts two: the objectives of an
/// output and of a margin.
bool copies_or_adds(const EnclosedMatrix& a) {
  if (!a.exact() || a.has_exponents()) return false;
  for (Index i = 0; i < a.rows(); ++i) {
    int terms = 0;
    for (Index k = 0; k < a.cols(); ++k) {
      const double size = std::abs(a.value(i, k));
      if (size != 0.0 && (size != 1.0 || ++terms > 2)) return false;
    }
  }
  return true;
}

/// a b for such an a and an exact b: a sum of two numbers with its exact rounding error (Knuth's TwoSum), so
/// that equal weights cancel to a certain zero. Nothing if a sum overflows.
std::optional<EnclosedMatrix> added_rows(const EnclosedMatrix& a, const EnclosedMatrix& b) {
  const Index n = b.cols();
  std::vector<double> value(at(a.rows() * n));
  std::vector<double> error(at(a.rows() * n));
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index k = 0; k < a.cols(); ++k) {
      const double sign = a.value(i, k);
      if (sign == 0.0) continue;
      for (Index j = 0; j < n; ++j) {
        double& sum = value[at(i * n + j)];
        const double x = sum;
        const double y = sign * b.value(k, j);
        sum = x + y;
        if (!std::isfinite(sum)) return std::nullopt;
        error[at(i * n + j)] += std::abs(lost(x, y, sum));
      }
    }
  }
  return EnclosedMatrix(a.rows(), n, std::move(value), std::move(error), {}, {});
}

std::int64_t size_exponent(const EnclosedMatrix& a, Index i, Index j) {
  const double size = std::max(std::abs(a.value(i, j)), a.error(i, j));
  return size == 0.0 ? no_exponent : exponent_of(size);
}

}  // namespace

EnclosedMatrix::EnclosedMatrix(Index rows, Index cols, std::vector<double> value, std::vector<double> error,
                               std::vector<std::int64_t> row_exponent,
                               std::vector<std::int64_t> column_exponent)
    : rows_(rows),
      cols_(cols),
      own_(std::move(value)),
      value_(own_.data()),
      error_(std::move(error)),
      row_exponent_(std::move(row_exponent)),
      column_exponent_(std::move(column_exponent)) {
  if (std::all_of(error_.begin(), error_.end(), [](double x) { return x == 0.0; })) error_.clear();
}

EnclosedMatrix EnclosedMatrix::view(Index rows, Index cols, const double* value) {
  EnclosedMatrix map;
  map.rows_ = rows;
  map.cols_ = cols;
  map.value_ = value;
  return map;
}

EnclosedMatrix EnclosedMatrix::select(const std::vector<Index>& rows, const std::vector<Index>& cols) const {
  EnclosedMatrix result;
  result.rows_ = static_cast<Index>(rows.size());
  result.cols_ = static_cast<Index>(cols.size());
  const std::size_t size = rows.size() * cols.size();
  result.own_.reserve(size);
  result.error_.reserve(exact() ? 0 : size);
  for (const Index i : rows) {
    for (const Index j : cols) {
      result.own_.push_back(value(i, j));
      if (!exact()) result.error_.push_back(error(i, j));
    }
    result.row_exponent_.push_back(row_exponent(i));
  }
  for (const Index j : cols) result.column_exponent_.push_back(column_exponent(j));
  result.value_ = result.own_.data();
  return result;
}

Monomial Monomial::identity(Index n) {
  Monomial result{std::vector<Index>(at(n)), std::vector<double>(at(n), 1.0), std::vector<double>(at(n), 0.0),
                  std::vector<std::int64_t>(at(n), 0)};
  std::iota(result.source.begin(), result.source.end(), Index{0});
  return result;
}

Monomial Monomial::diagonal(const std::vector<double>& d) {
  Monomial result;
  for (std::size_t i = 0; i < d.size(); ++i) append(result, static_cast<Index>(i), {d[i], 0.0}, 0);
  return result;
}

/// With A = A^ 2^e_i by rows and B = B^ 2^c_j by columns, |A^|, |B^| < 2, each entry is a sum of k products
/// whose error is at most gamma_{k+2} |A^||B^| in any order; E_A |B| + (|A| + E_A) E_B is what A and B bring
/// along.
EnclosedMatrix product(const EnclosedMatrix& a, const EnclosedMatrix& b, int threads) {
  if (copies_or_adds(a) && b.exact() && !b.has_exponents()) {
    if (std::optional<EnclosedMatrix> sum = added_rows(a, b)) return std::move(*sum);
  }
  const Index m = a.rows();
  const Index k = a.cols();
  const Index n = b.cols();
  const double gamma = gamma_of(static_cast<double>(k) + 2.0);

  std::vector<std::int64_t> row_exponent(at(m));
  std::vector<double> minus_a(at(m * k));
  std::vector<double> minus_bound(at(m * k));  // gamma |A| + E_A
  std::vector<double> minus_size(b.exact() ? 0 : at(m * k));
  for (Index i = 0; i < m; ++i) {
    std::int64_t e = no_exponent;
    for (Index p = 0; p < k; ++p) {
      const std::int64_t inner = a.column_exponent(p) + b.row_exponent(p);
      e = std::max(e, size_exponent(a, i, p) + inner);
    }
    if (e <= no_exponent / 2) e = 0;
    row_exponent[at(i)] = a.row_exponent(i) + e;
    for (Index p = 0; p < k; ++p) {
      const std::int64_t shift = a.column_exponent(p) + b.row_exponent(p) - e;
      const double value = times_power(a.value(i, p), shift);
      const double error = times_power(a.error(i, p), shift);
      minus_a[at(i * k + p)] = -value;
      minus_bound[at(i * k + p)] = -(gamma * std::abs(value) + error);
      if (!b.exact()) minus_size[at(i * k + p)] = -(std::abs(value) + error);
    }
  }

  std::vector<std::int64_t> column_exponent(at(n));
  std::vector<std::int64_t> shift(at(n), no_exponent);
  for (Index p = 0; p < k; ++p) {
    for (Index j = 0; j < n; ++j) shift[at(j)] = std::max(shift[at(j)], size_exponent(b, p, j));
  }
  std::vector<double> b_transposed(at(n * k));
  std::vector<double> b_error(b.exact() ? 0 : at(n * k));
  for (Index j = 0; j < n; ++j) {
    const std::int64_t c = shift[at(j)] == no_exponent ? 0 : shift[at(j)];
    column_exponent[at(j)] = b.column_exponent(j) + c;
    for (Index p = 0; p < k; ++p) {
      b_transposed[at(j * k + p)] = times_power(b.value(p, j), -c);
      if (!b.exact()) b_error[at(j * k + p)] = times_power(b.error(p, j), -c);
    }
  }

  std::vector<double> value(at(m * n));
  std::vector<double> error(at(m * n));
  subtract_product(m, n, k, minus_a.data(), k, b_transposed.data(), k, value.data(), n, false, threads);
  if (!b.exact())
    subtract_product(m, n, k, minus_size.data(), k, b_error.data(), k, error.data(), n, false, threads);
  for (double& x : b_transposed) x = std::abs(x);
  subtract_product(m, n, k, minus_bound.data(), k, b_transposed.data(), k, error.data(), n, false, threads);

  // Only what is zero term by term is certainly zero: a product may have vanished by underflow.
  const double vanished = 0x1p-1000 * (static_cast<double>(k) + 1.0);
  const auto zero_by_terms = [&](Index i, Index j) {
    for (Index p = 0; p < k; ++p) {
      if (a.maybe_nonzero(i, p) && b.maybe_nonzero(p, j)) return false;
    }
    return true;
  };
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double& e = error[at(i * n + j)];
      if (e == 0.0 && value[at(i * n + j)] == 0.0 && zero_by_terms(i, j)) continue;
      e = e * upwards + vanished;
    }
  }
  return {m, n, std::move(value), std::move(error), std::move(row_exponent), std::move(column_exponent)};
}

EnclosedMatrix product(const EnclosedMatrix& a, const Monomial& b) {
  const Index n = a.cols();
  std::vector<double> value(at(a.rows() * n));
  std::vector<double> error(at(a.rows() * n));
  std::vector<std::int64_t> row_exponent(at(a.rows()));
  std::vector<std::int64_t> column_exponent(at(n));
  for (Index i = 0; i < a.rows(); ++i) {
    row_exponent[at(i)] = a.row_exponent(i);
    for (Index k = 0; k < n; ++k) {
      const Index entry = i * n + b.source[at(k)];
      const Bounded x = times(a.value(i, k), a.error(i, k), b.value[at(k)], b.error[at(k)]);
      value[at(entry)] = x.value;
      error[at(entry)] = x.error;
    }
  }
  for (Index k = 0; k < n; ++k)
    column_exponent[at(b.source[at(k)])] = a.column_exponent(k) + b.exponent[at(k)];
  return {
      a.rows(), n, std::move(value), std::move(error), std::move(row_exponent), std::move(column_exponent)};
}

Monomial monomial(const Scale& scale) {
  Monomial result;
  for (std::size_t i = 0; i < scale.lower.size(); ++i) {
    const double lower = scale.lower[i];
    const double upper = scale.upper[i];
    Bounded s{lower, 0.0};
    if (lower != upper) {
      // halves, so that nothing overflows; the radius reaches to both ends from wherever the middle came to
      // lie
      s.value = 0.5 * lower + 0.5 * upper;
      s.error = std::max(upper - s.value, s.value - lower) * upwards + 0x1p-1073;
    }
    append(result, static_cast<Index>(i), s, 0);
  }
  return result;
}

Monomial monomial(const Permutation& permutation) {
  Monomial result = Monomial::identity(static_cast<Index>(permutation.source.size()));
  result.source = permutation.source;
  return result;
}

/// a after b: y_i = s^a_i s^b_{source^a_i} x_{...}
Monomial product(const Monomial& a, const Monomial& b) {
  Monomial result;
  for (std::size_t i = 0; i < a.source.size(); ++i) {
    const std::size_t k = at(a.source[i]);
    append(result, b.source[k], times(a.value[i], a.error[i], b.value[k], b.error[k]),
           a.exponent[i] + b.exponent[k]);
  }
  return result;
}

/// Rows of a matrix, scaled.
EnclosedMatrix product(const Monomial& a, const EnclosedMatrix& b) {
  const Index n = b.cols();
  const auto rows = static_cast<Index>(a.source.size());
  std::vector<double> value(at(rows * n));
  std::vector<double> error(at(rows * n));
  std::vector<std::int64_t> row_exponent(at(rows));
  std::vector<std::int64_t> column_exponent(at(n));
  for (Index i = 0; i < rows; ++i) {
    const Index k = a.source[at(i)];
    row_exponent[at(i)] = a.exponent[at(i)] + b.row_exponent(k);
    for (Index j = 0; j < n; ++j) {
      const Bounded entry = times(b.value(k, j), b.error(k, j), a.value[at(i)], a.error[at(i)]);
      value[at(i * n + j)] = entry.value;
      error[at(i * n + j)] = entry.error;
    }
  }
  for (Index j = 0; j < n; ++j) column_exponent[at(j)] = b.column_exponent(j);
  return {rows, n, std::move(value), std::move(error), std::move(row_exponent), std::move(column_exponent)};
}

EnclosedMatrix dense(const Monomial& a) {
  const auto n = static_cast<Index>(a.source.size());
  std::vector<double> value(at(n * n));
  std::vector<double> error(at(n * n));
  for (Index i = 0; i < n; ++i) {
    const Index entry = i * n + a.source[at(i)];
    value[at(entry)] = a.value[at(i)];
    error[at(entry)] = a.error[at(i)];
  }
  return {n, n, std::move(value), std::move(error), a.exponent, {}};
}

EnclosedMatrix dense(const Sparse& sparse) {
  std::vector<double> value(at(sparse.rows() * sparse.cols));
  std::vector<double> error;
  for (Index i = 0; i < sparse.rows(); ++i) {
    for (Index k = sparse.offset[at(i)]; k < sparse.offset[at(i + 1)]; ++k) {
      double& entry = value[at(i * sparse.cols + sparse.column[at(k)])];
      const double x = entry;
      const double y = sparse.value[at(k)];
      entry = x + y;  // entries are stated once; if not, their sum has an error
      const double rest = lost(x, y, entry);
      if (rest == 0.0) continue;
      if (error.empty()) error.resize(value.size());
      error[at(i * sparse.cols + sparse.column[at(k)])] += std::abs(rest) * upwards;
    }
  }
  return {sparse.rows(), sparse.cols, std::move(value), std::move(error), {}, {}};
}

/// Entry by entry as product(), over the entries of b alone.
EnclosedMatrix product(const EnclosedMatrix& a, const Sparse& b, int threads) {
  constexpr double most_dense = 1e8;
  const Index m = a.rows();
  const Index k = a.cols();
  const Index n = b.cols;
  const bool small = static_cast<double>(k) * static_cast<double>(n) <= most_dense;
  if (small && copies_or_adds(a)) return product(a, dense(b), threads);
  std::vector<Index> terms(at(n), 0);
  for (const Index j : b.column) ++terms[at(j)];
  const Index most = n > 0 ? *std::max_element(terms.begin(), terms.end()) : 0;
  const double gamma = gamma_of(static_cast<double>(most) + 2.0);
  const double vanished = 0x1p-1000 * (static_cast<double>(most) + 1.0);

  std::vector<std::int64_t> row_exponent(at(m));
  std::vector<double> value(at(m * n));
  std::vector<double> error(at(m * n));
  parallel_for(m, threads, [&](Index i) {
    std::int64_t e = no_exponent;
    for (Index p = 0; p < k; ++p) e = std::max(e, size_exponent(a, i, p) + a.column_exponent(p));
    if (e <= no_exponent / 2) e = 0;
    row_exponent[at(i)] = a.row_exponent(i) + e;
    double* sums = value.data() + i * n;
    double* errors = error.data() + i * n;
    for (Index p = 0; p < k; ++p) {
      if (!a.maybe_nonzero(i, p)) continue;
      const std::int64_t shift = a.column_exponent(p) - e;
      const double x = times_power(a.value(i, p), shift);
      const bool moved = times_power(x, -shift) == a.value(i, p);
      double r = moved ? 0.0 : 0x1p-1000;  // more than what underflowed
      if (a.error(i, p) != 0.0) r += times_power(a.error(i, p), shift) + 0x1p-1000;
      for (Index q = b.offset[at(p)]; q < b.offset[at(p + 1)]; ++q) {
        const double w = b.value[at(q)];
        const Index j = b.column[at(q)];
        if (w == 0.0) continue;
        sums[j] += x * w;
        // a copy of one number, or its negative, is exact
        if (r == 0.0 && terms[at(j)] == 1 && std::abs(w) == 1.0) continue;
        errors[j] += ((gamma * std::abs(x) + r) * std::abs(w)) * upwards + vanished;
      }
    }
    for (Index j = 0; j < n; ++j) errors[j] *= upwards;
  });
  return {m, n, std::move(value), std::move(error), std::move(row_exponent), {}};
}

EnclosedMatrix sum(const EnclosedMatrix& a, const EnclosedMatrix& b) {
  constexpr double vanished = 0x1p-1000;
  const Index n = a.cols();
  std::vector<double> value(at(a.rows() * n));
  std::vector<double> error(at(a.rows() * n));
  std::vector<std::int64_t> row_exponent(at(a.rows()));
  for (Index i = 0; i < a.rows(); ++i) {
    std::int64_t e = no_exponent;
    for (Index j = 0; j < n; ++j) {
      for (const EnclosedMatrix* map : {&a, &b})
        e = std::max(e, size_exponent(*map, i, j) + map->row_exponent(i) + map->column_exponent(j));
    }
    if (e <= no_exponent / 2) e = 0;
    row_exponent[at(i)] = e;
    for (Index j = 0; j < n; ++j) {
      double wrong = 0.0;
      const auto moved = [&](const EnclosedMatrix& map) {
        const std::int64_t shift = map.row_exponent(i) + map.column_exponent(j) - e;
        const double x = times_power(map.value(i, j), shift);
        if (times_power(x, -shift) != map.value(i, j)) wrong += vanished;
        if (map.error(i, j) != 0.0) wrong += times_power(map.error(i, j), shift) + vanished;
        return x;
      };
      const double x = moved(a);
      const double y = moved(b);
      const double total = x + y;  // both are below 2 in size
      wrong += std::abs(lost(x, y, total));
      value[at(i * n + j)] = total;
      error[at(i * n + j)] = wrong * upwards;
    }
  }
  return {a.rows(), n, std::move(value), std::move(error), std::move(row_exponent), {}};
}

}  // namespace geolip::checker
