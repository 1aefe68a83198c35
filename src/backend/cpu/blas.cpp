#include <backend/cpu/blas.hpp>
#include <backend/cpu/eigen_maps.hpp>
#include <backend/cpu/host.hpp>

#include <geolip/error.hpp>

#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

namespace geolip::backend::cpu {
namespace {

// What the library's own code and tables take, and each thread's workspace and stack.
constexpr std::size_t library_bytes = std::size_t{48} << 20;
constexpr std::size_t workspace_bytes = std::size_t{128} << 20;
constexpr std::size_t stack_bytes = std::size_t{8} << 20;
// Products that Eigen writes out entry by entry: a call of a library costs more.
constexpr Index small_product = 20;
// Calls at the same time in a library that does not say how many it is made for.
constexpr int usual_calls = 32;

/// The library's functions; all null where it is not there.
struct Functions {
  void (*sgemm)(const char*, const char*, const int*, const int*, const int*, const float*, const float*,
                const int*, const float*, const int*, const float*, float*, const int*);
  void (*dgemm)(const char*, const char*, const int*, const int*, const int*, const double*, const double*,
                const int*, const double*, const int*, const double*, double*, const int*);
  void (*sgemv)(const char*, const int*, const int*, const float*, const float*, const int*, const float*,
                const int*, const float*, float*, const int*);
  void (*dgemv)(const char*, const int*, const int*, const double*, const double*, const int*, const double*,
                const int*, const double*, double*, const int*);
  void (*dtrsm)(const char*, const char*, const char*, const char*, const int*, const int*, const double*,
                const double*, const int*, double*, const int*);
  int (*get_threads)();
  void (*set_threads)(int);
  // in some builds these are not to be seen
  const char* (*config)();
  void* (*take_workspace)(int);
  void (*return_workspace)(void*);
};

Functions blas{};
std::atomic<bool> has_blas{false};
/// Calls at the same time, where more threads use the library than it is made for.
std::counting_semaphore<> turns{0};
std::atomic<bool> in_turns{false};

/// Throws ResourceError unless the pieces can be mapped at this time.
void require_room(const std::vector<std::size_t>& pieces, const std::string& what) {
  std::size_t sum = 0;
  std::vector<void*> mapped;
  for (const std::size_t bytes : pieces) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) mapped.push_back(memory);
    sum += bytes;
  }
  for (std::size_t i = 0; i < mapped.size(); ++i) munmap(mapped[i], pieces[i]);
  if (mapped.size() == pieces.size()) return;
  const std::size_t limit = address_space_limit();
  throw ResourceError(
      "memory: " + what + " takes " + std::to_string(sum >> 20) + " MB of address space, which " +
      (limit == no_limit
           ? "the system does not give"
           : "the limit of " + std::to_string(limit >> 20) + " MB (ulimit -v) has no room for"));
}

/// The number that a text begins with; 0 if there is none.
int number_at(const char* text) { return static_cast<int>(std::strtol(text, nullptr, 10)); }

/// Threads that the library starts when it is loaded, the calling one included.
int own_threads() {
  for (const char* name : {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(name);
    const int threads = text == nullptr ? 0 : number_at(text);
    if (threads > 0) return threads;
  }
  return usable_cores();
}

template <class Function>
bool find(void* library, const char* name, Function*& pointer) {
  pointer = reinterpret_cast<Function*>(dlsym(library, name));
  return pointer != nullptr;
}

void* open_file() {
  constexpr const char* file = "libopenblas.so.0";
  void* library = dlopen(file, RTLD_NOW);
#ifdef GEOLIP_OPENBLAS_DIR
  if (library == nullptr) library = dlopen((std::string(GEOLIP_OPENBLAS_DIR "/") + file).c_str(), RTLD_NOW);
#endif
  return library;
}

/// The kernels for this processor where the library, which does not know it, has chosen those of an early x86-64: a
/// fifth of the speed. Null where its choice stands.
const char* better_kernels(void* library) {
  const char* (*chosen)() = nullptr;
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr || !find(library, "openblas_get_corename", chosen) ||
      std::strcmp(chosen(), "Prescott") != 0) {
    return nullptr;
  }
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

void* open_library() {
  if (void* loaded = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD)) return loaded;
  std::vector<std::size_t> pieces{library_bytes};
  const int threads = own_threads();
  pieces.insert(pieces.end(), static_cast<std::size_t>(threads), workspace_bytes);
  pieces.insert(pieces.end(), static_cast<std::size_t>(threads - 1), stack_bytes);
  require_room(pieces, "OpenBLAS");
  void* library = open_file();
  if (library == nullptr) return nullptr;
  const char* kernels = better_kernels(library);
  if (kernels == nullptr) return library;
  // it chooses once, when it is loaded
  dlclose(library);
  setenv("OPENBLAS_CORETYPE", kernels, 1);
  library = open_file();
  unsetenv("OPENBLAS_CORETYPE");
  return library;
}

/// Loads the library. False where it is not there or not what is expected.
bool load() {
  void* library = open_library();
  if (library == nullptr) return false;
  Functions found{};
  find(library, "openblas_get_config", found.config);
  if (find(library, "blas_memory_alloc", found.take_workspace) !=
      find(library, "blas_memory_free", found.return_workspace)) {
    found.take_workspace = nullptr;
  }
  if (!find(library, "sgemm_", found.sgemm) || !find(library, "dgemm_", found.dgemm) ||
      !find(library, "sgemv_", found.sgemv) || !find(library, "dgemv_", found.dgemv) ||
      !find(library, "dtrsm_", found.dtrsm) ||
      !find(library, "openblas_get_num_threads", found.get_threads) ||
      !find(library, "openblas_set_num_threads", found.set_threads)) {
    return false;
  }
  blas = found;
  return true;
}

/// The backends that are alive, and what the library holds for them.
struct Users {
  std::mutex mutex;
  bool asked = false;  // whether the library was looked for
  int count = 0;
  int threads = 0;     // of all of them
  int workspaces = 0;  // that the library holds
  int calls = 0;       // that the library has room for at the same time
  int previous = 1;    // its threads before the first of them
};
Users users;

/// The library has room for workspaces of twice the threads that it is made for, those of its own included.
int calls_at_once() {
  const char* text = blas.config == nullptr ? nullptr : std::strstr(blas.config(), "MAX_THREADS=");
  if (text == nullptr) return usual_calls;
  return std::max(1, 2 * number_at(text + std::strlen("MAX_THREADS=")) - blas.get_threads());
}

/// Makes the library take the workspaces that `threads` callers need: where there is no room, it tries for ever.
void take_workspaces(int threads) {
  const int wanted = std::min(threads, users.calls);
  if (wanted <= users.workspaces || blas.take_workspace == nullptr) return;
  require_room(std::vector<std::size_t>(static_cast<std::size_t>(wanted - users.workspaces), workspace_bytes),
               "OpenBLAS on " + std::to_string(threads) + " threads");
  std::vector<void*> taken(static_cast<std::size_t>(wanted));
  for (void*& workspace : taken) workspace = blas.take_workspace(0);
  for (void* workspace : taken) blas.return_workspace(workspace);
  users.workspaces = wanted;
}

/// A call's turn.
class Turn {
 public:
  Turn() : taken_(in_turns) {
    if (taken_) turns.acquire();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn(Turn&&) = delete;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (taken_) turns.release();
  }

 private:
  bool taken_;
};

void gemm(char ta, char tb, int m, int n, int k, float alpha, const float* a, int lda, const float* b,
          int ldb, float beta, float* c, int ldc) {
  blas.sgemm(&ta, &tb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);
}
void gemm(char ta, char tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b,
          int ldb, double beta, double* c, int ldc) {
  blas.dgemm(&ta, &tb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);
}
void gemv(char t, int m, int n, float alpha, const float* a, int lda, const float* x, int incx, float beta,
          float* y, int incy) {
  blas.sgemv(&t, &m, &n, &alpha, a, &lda, x, &incx, &beta, y, &incy);
}
void gemv(char t, int m, int n, double alpha, const double* a, int lda, const double* x, int incx,
          double beta, double* y, int incy) {
  blas.dgemv(&t, &m, &n, &alpha, a, &lda, x, &incx, &beta, y, &incy);
}

template <class T>
int stride(const View<T>& v) {
  return static_cast<int>(std::max<Index>(1, v.ld));
}

}  // namespace

Blas::Blas(int threads) : threads_(threads) {
  const std::lock_guard lock(users.mutex);
  if (!users.asked) {
    has_blas = load();
    users.asked = true;
    if (has_blas) users.calls = calls_at_once();
    turns.release(users.calls);
  }
  if (has_blas) {
    take_workspaces(users.threads + threads);
    if (users.count == 0) {
      users.previous = blas.get_threads();
      blas.set_threads(1);
    }
  }
  ++users.count;
  users.threads += threads;
  if (users.threads > users.calls) in_turns = true;
}

Blas::~Blas() {
  const std::lock_guard lock(users.mutex);
  --users.count;
  users.threads -= threads_;
  if (has_blas && users.count == 0) blas.set_threads(users.previous);
}

const char* Blas::name() { return has_blas ? "OpenBLAS" : "Eigen"; }

template <class T>
void eigen_product(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, View<T> c) {
  auto to = map(c);
  if (beta == T(0)) {
    to.setZero();
  } else if (beta != T(1)) {
    to *= beta;
  }
  const auto left = map(a.matrix);
  const auto right = map(b.matrix);
  if (a.transposed && b.transposed) {
    to.noalias() += alpha * left.transpose() * right.transpose();
  } else if (a.transposed) {
    to.noalias() += alpha * left.transpose() * right;
  } else if (b.transposed) {
    to.noalias() += alpha * left * right.transpose();
  } else {
    to.noalias() += alpha * left * right;
  }
}

void eigen_solve_right(ConstView<double> l, View<double> b) {
  auto rows = map(b);
  map(l).transpose().triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(rows);
}

// BLAS has columns where we have rows: it sees the transpose of each matrix, and makes C' = op(B)' op(A)'.
template <class T>
void product(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, View<T> c) {
  const Index inner = a.transposed ? a.matrix.rows : a.matrix.cols;
  if (!has_blas || inner + c.rows + c.cols < small_product) return eigen_product(alpha, a, b, beta, c);
  const auto text = [](bool transposed) { return transposed ? 'T' : 'N'; };
  const Turn turn;
  if (beta == T(0) && (c.cols == 1 || c.rows == 1)) {  // gemv may multiply what is there by 0
    map(c).setZero();
    beta = T(1);
  }
  if (c.cols == 1) {  // A times a column
    gemv(text(!a.transposed), static_cast<int>(a.matrix.cols), static_cast<int>(a.matrix.rows), alpha,
         a.matrix.data, stride(a.matrix), b.matrix.data, b.transposed ? 1 : stride(b.matrix), beta, c.data,
         stride(c));
  } else if (c.rows == 1) {  // a row times B
    gemv(text(b.transposed), static_cast<int>(b.matrix.cols), static_cast<int>(b.matrix.rows), alpha,
         b.matrix.data, stride(b.matrix), a.matrix.data, a.transposed ? stride(a.matrix) : 1, beta, c.data,
         1);
  } else {
    gemm(text(b.transposed), text(a.transposed), static_cast<int>(c.cols), static_cast<int>(c.rows),
         static_cast<int>(inner), alpha, b.matrix.data, stride(b.matrix), a.matrix.data, stride(a.matrix),
         beta, c.data, stride(c));
  }
}

// X L' = B is L X' = B', and BLAS sees L' above its diagonal.
void solve_right(ConstView<double> l, View<double> b) {
  if (!has_blas) return eigen_solve_right(l, b);
  const int n = static_cast<int>(b.cols);
  const int rows = static_cast<int>(b.rows);
  const int ldl = stride(l);
  const int ldb = stride(b);
  constexpr double one = 1.0;
  const Turn turn;
  blas.dtrsm("L", "U", "T", "N", &n, &rows, &one, l.data, &ldl, b.data, &ldb);
}

template void eigen_product(float, const Factor<float>&, const Factor<float>&, float, View<float>);
template void eigen_product(double, const Factor<double>&, const Factor<double>&, double, View<double>);
template void product(float, const Factor<float>&, const Factor<float>&, float, View<float>);
template void product(double, const Factor<double>&, const Factor<double>&, double, View<double>);

}  // namespace geolip::backend::cpu
