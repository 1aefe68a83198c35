#include <certificate/sparse_cholesky.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>

#include <cholmod.h>
#include <dlfcn.h>

namespace geolip::certificate {
namespace {

using Integer = SuiteSparse_long;

// Multiplications of a factorisation for which another order is looked for, which takes about as long.
constexpr double worth_another = 1e9;

static_assert(sizeof(Integer) == sizeof(std::int64_t));

/// The library's functions; all null where it is not there.
struct Functions {
  decltype(&cholmod_l_start) start;
  decltype(&cholmod_l_finish) finish;
  decltype(&cholmod_l_analyze_p) analyze;
  decltype(&cholmod_l_factorize) factorize;
  decltype(&cholmod_l_solve) solve;
  decltype(&cholmod_l_amd) amd;
  decltype(&cholmod_l_metis) metis;
  decltype(&cholmod_l_copy_factor) copy_factor;
  decltype(&cholmod_l_free_factor) free_factor;
  decltype(&cholmod_l_free_dense) free_dense;
  // of OpenMP, where the library was built with it
  int (*get_levels)();
  void (*set_levels)(int);
};

template <class Function>
bool find(void* library, const char* name, Function& pointer) {
  pointer = reinterpret_cast<Function>(dlsym(library, name));
  return pointer != nullptr;
}

/// The functions; not those of a library of another version than the one that its header belongs to.
const Functions* load() {
  static const Functions* const found = []() -> const Functions* {
    static Functions f{};
    void* library = dlopen(GEOLIP_CHOLMOD_FILE, RTLD_NOW);
    if (library == nullptr) return nullptr;
    const bool all =
        find(library, "cholmod_l_start", f.start) && find(library, "cholmod_l_finish", f.finish) &&
        find(library, "cholmod_l_analyze_p", f.analyze) &&
        find(library, "cholmod_l_factorize", f.factorize) && find(library, "cholmod_l_solve", f.solve) &&
        find(library, "cholmod_l_amd", f.amd) && find(library, "cholmod_l_copy_factor", f.copy_factor) &&
        find(library, "cholmod_l_free_factor", f.free_factor) &&
        find(library, "cholmod_l_free_dense", f.free_dense);
    find(library, "cholmod_l_metis", f.metis);  // some builds come without
    if (!find(library, "omp_get_max_active_levels", f.get_levels) ||
        !find(library, "omp_set_max_active_levels", f.set_levels)) {
      f.set_levels = nullptr;
    }
    return all ? &f : nullptr;
  }();
  return found;
}

/// Keeps the library on the calling thread: its parallel loops are so short that waking threads takes longer.
class OneThread {
 public:
  explicit OneThread(const Functions& f) : f_(f) {
    if (f_.set_levels == nullptr) return;
    before_ = f_.get_levels();
    f_.set_levels(0);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  OneThread(OneThread&&) = delete;
  OneThread& operator=(OneThread&&) = delete;
  ~OneThread() {
    if (f_.set_levels != nullptr) f_.set_levels(before_);
  }

 private:
  const Functions& f_;
  int before_ = 1;
};

/// A view of a matrix's upper triangle in the library's terms.
cholmod_sparse view_of(const SparseMatrix& upper) {
  cholmod_sparse view{};
  view.nrow = view.ncol = static_cast<std::size_t>(upper.rows());
  view.nzmax = static_cast<std::size_t>(upper.nonZeros());
  view.p = const_cast<std::int64_t*>(upper.outerIndexPtr());
  view.i = const_cast<std::int64_t*>(upper.innerIndexPtr());
  view.x = const_cast<double*>(upper.valuePtr());
  view.stype = 1;
  view.itype = CHOLMOD_LONG;
  view.xtype = CHOLMOD_REAL;
  view.dtype = CHOLMOD_DOUBLE;
  view.sorted = 1;
  view.packed = 1;
  return view;
}

/// The rows and columns that are not marked, and which they were.
SparseMatrix part_of(const SparseMatrix& upper, const std::vector<char>& is_last, std::vector<Index>& kept) {
  std::vector<Index> position(is_last.size(), -1);
  for (std::size_t i = 0; i < is_last.size(); ++i) {
    if (is_last[i] != 0) continue;
    position[i] = static_cast<Index>(kept.size());
    kept.push_back(static_cast<Index>(i));
  }
  std::vector<Eigen::Triplet<double, std::int64_t>> entries;
  for (Index j = 0; j < upper.cols(); ++j) {
    if (position[static_cast<std::size_t>(j)] < 0) continue;
    for (SparseMatrix::InnerIterator entry(upper, j); entry; ++entry) {
      const Index i = position[static_cast<std::size_t>(entry.row())];
      if (i >= 0) entries.emplace_back(i, position[static_cast<std::size_t>(j)], 1.0);
    }
  }
  SparseMatrix part(static_cast<Index>(kept.size()), static_cast<Index>(kept.size()));
  part.setFromTriplets(entries.begin(), entries.end());
  return part;
}

}  // namespace

struct SparseCholesky::Parts {
  const Functions& f;
  cholmod_common common{};
  cholmod_factor* symbolic = nullptr;
  cholmod_factor* numeric = nullptr;
  double multiplications = 0.0;
  double entries = 0.0;

  explicit Parts(const Functions& functions) : f(functions) {
    f.start(&common);
    common.print = 0;
    common.error_handler = nullptr;
    common.quick_return_if_not_posdef = 1;
    common.final_ll = 1;
    common.supernodal = CHOLMOD_AUTO;
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  Parts(Parts&&) = delete;
  Parts& operator=(Parts&&) = delete;
  ~Parts() {
    release();
    if (symbolic != nullptr) f.free_factor(&symbolic, &common);
    f.finish(&common);
  }

  void release() {
    if (numeric != nullptr) f.free_factor(&numeric, &common);
  }

  void check() {
    if (common.status == CHOLMOD_OUT_OF_MEMORY || common.status == CHOLMOD_TOO_LARGE) throw std::bad_alloc();
  }

  /// Keeps the analysis by this order if it is the first or takes less work.
  void analyse(const SparseMatrix& pattern, std::vector<Integer> order) {
    cholmod_sparse view = view_of(pattern);
    common.nmethods = 1;
    common.method[0].ordering = CHOLMOD_GIVEN;
    common.postorder = 1;
    cholmod_factor* found = f.analyze(&view, order.data(), nullptr, 0, &common);
    check();
    if (found == nullptr) throw std::bad_alloc();
    if (symbolic == nullptr || common.fl < 2.0 * multiplications) {
      if (symbolic != nullptr) f.free_factor(&symbolic, &common);
      symbolic = found;
      multiplications = 0.5 * common.fl;
      entries = std::max(common.lnz, static_cast<double>(found->is_super != 0 ? found->xsize : 0));
    } else {
      f.free_factor(&found, &common);
    }
  }

  /// Whether no number of the factor is infinite or none; the library does not look everywhere.
  bool is_finite() const {
    const auto finite = [](double v) { return std::isfinite(v); };
    const auto* x = static_cast<const double*>(numeric->x);
    // supernodes leave nothing in between
    if (numeric->is_super != 0) return std::all_of(x, x + numeric->xsize, finite);
    const auto* start = static_cast<const Integer*>(numeric->p);
    const auto* length = static_cast<const Integer*>(numeric->nz);
    for (std::size_t j = 0; j < numeric->n; ++j) {
      const double* column = x + start[j];
      if (!std::all_of(column, column + length[j], finite)) return false;
    }
    return true;
  }

  void solve(int system, std::vector<double>& b, Index columns) {
    cholmod_dense right{};
    right.nrow = right.d = symbolic->n;
    right.ncol = static_cast<std::size_t>(columns);
    right.nzmax = right.nrow * right.ncol;
    right.x = b.data();
    right.xtype = CHOLMOD_REAL;
    right.dtype = CHOLMOD_DOUBLE;
    cholmod_dense* result = f.solve(system, numeric, &right, &common);
    check();
    if (result == nullptr) throw std::bad_alloc();
    const auto* x = static_cast<const double*>(result->x);
    std::copy(x, x + right.nzmax, b.begin());
    f.free_dense(&result, &common);
  }
};

bool SparseCholesky::is_available() { return load() != nullptr; }

SparseCholesky::SparseCholesky(const SparseMatrix& pattern, const std::vector<Index>& last) {
  const Functions* functions = load();
  if (functions == nullptr) throw QueryError("certificate: CHOLMOD is not there");
  parts_ = std::make_unique<Parts>(*functions);
  const auto n = static_cast<std::size_t>(pattern.rows());
  std::vector<char> is_last(n, 0);
  for (const Index row : last) is_last[static_cast<std::size_t>(row)] = 1;
  std::vector<Index> kept;
  const SparseMatrix part = part_of(pattern, is_last, kept);
  cholmod_sparse view = view_of(part);
  std::vector<Integer> own(kept.size());
  const auto try_order = [&] {
    std::vector<Integer> order;
    for (const Integer i : own) order.push_back(kept[static_cast<std::size_t>(i)]);
    for (const Index row : last) order.push_back(row);
    parts_->analyse(pattern, std::move(order));
  };
  if (!kept.empty() && parts_->f.amd(&view, nullptr, 0, own.data(), &parts_->common) != 0) try_order();
  parts_->check();
  const bool is_dear = parts_->symbolic == nullptr || parts_->multiplications > worth_another;
  if (!kept.empty() && is_dear && parts_->f.metis != nullptr &&
      parts_->f.metis(&view, nullptr, 0, 1, own.data(), &parts_->common) != 0) {
    try_order();
  }
  parts_->check();
  if (parts_->symbolic == nullptr) {
    std::iota(own.begin(), own.end(), Integer{0});
    try_order();
  }
}

SparseCholesky::~SparseCholesky() = default;

Index SparseCholesky::size() const { return static_cast<Index>(parts_->symbolic->n); }
double SparseCholesky::multiplications() const { return parts_->multiplications; }
double SparseCholesky::entries() const { return parts_->entries; }

bool SparseCholesky::factor(const SparseMatrix& upper) {
  Parts& parts = *parts_;
  if (parts.numeric == nullptr) parts.numeric = parts.f.copy_factor(parts.symbolic, &parts.common);
  parts.check();
  cholmod_sparse view = view_of(upper);
  const OneThread one(parts.f);
  parts.f.factorize(&view, parts.numeric, &parts.common);
  parts.check();
  const bool passed =
      parts.common.status == CHOLMOD_OK && parts.numeric->minor == parts.numeric->n && parts.is_finite();
  if (!passed) release();
  return passed;
}

void SparseCholesky::solve(std::vector<double>& b, Index columns) { parts_->solve(CHOLMOD_A, b, columns); }

void SparseCholesky::solve_lower(std::vector<double>& b, Index columns) {
  parts_->solve(CHOLMOD_P, b, columns);
  parts_->solve(CHOLMOD_L, b, columns);
}

void SparseCholesky::release() { parts_->release(); }

}  // namespace geolip::certificate
