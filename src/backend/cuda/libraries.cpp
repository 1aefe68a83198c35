#include <backend/cuda/libraries.hpp>

#include <geolip/error.hpp>

#include <dlfcn.h>

#include <string>

#define GEOLIP_TEXT_OF(name) #name
#define GEOLIP_TEXT(name) GEOLIP_TEXT_OF(name)

namespace geolip::backend::cuda {

#define GEOLIP_DEFINE(name) decltype(&::name) name = nullptr;
GEOLIP_CUBLAS_FUNCTIONS(GEOLIP_DEFINE)
GEOLIP_CUSOLVER_FUNCTIONS(GEOLIP_DEFINE)
#undef GEOLIP_DEFINE

namespace {

std::string last_error() {
  const char* text = dlerror();
  return text == nullptr ? "no reason is given" : text;
}

/// A shared library, which stays loaded to the end of the program: handles may outlive everything else.
class Library {
 public:
  /// The loader's own places are asked first, then the toolkit that this was built with.
  explicit Library(const std::string& name) : name_(name), handle_(dlopen(name.c_str(), RTLD_NOW)) {
    if (handle_ != nullptr) return;
    const std::string reason = last_error();
    handle_ = dlopen((GEOLIP_CUDA_LIBRARY_DIR "/" + name).c_str(), RTLD_NOW);
    if (handle_ == nullptr) {
      throw QueryError("device: a CUDA device needs " + name_ + ", which cannot be loaded (" + reason + ")");
    }
  }

  template <class Function>
  void find(const char* function, Function*& pointer) const {
    pointer = reinterpret_cast<Function*>(dlsym(handle_, function));
    if (pointer == nullptr) {
      throw QueryError("device: " + name_ + " lacks " + function + " (" + last_error() + ")");
    }
  }

 private:
  std::string name_;
  void* handle_;
};

bool load() {
  // Binaries are compatible within a library's major version, which its file is named after.
  const Library blas("libcublas.so." GEOLIP_TEXT(CUBLAS_VER_MAJOR));
  const Library solver("libcusolver.so." GEOLIP_TEXT(CUSOLVER_VER_MAJOR));
#define GEOLIP_FIND(name) blas.find(GEOLIP_TEXT(name), name);
  GEOLIP_CUBLAS_FUNCTIONS(GEOLIP_FIND)
#undef GEOLIP_FIND
#define GEOLIP_FIND(name) solver.find(GEOLIP_TEXT(name), name);
  GEOLIP_CUSOLVER_FUNCTIONS(GEOLIP_FIND)
#undef GEOLIP_FIND
  return true;
}

}  // namespace

void load_libraries() {
  static const bool loaded = load();  // once; a failure is tried again
  static_cast<void>(loaded);
}

}  // namespace geolip::backend::cuda
