# Third-party libraries, all from the distribution; nothing is downloaded here.
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(GMPXX REQUIRED IMPORTED_TARGET gmpxx gmp)
include(GeolipOnnx)   # geolip_use_onnx
include(GeolipCholmod)

# OpenBLAS is loaded at run time, and optional there too: without it Eigen's own kernels do the work.
pkg_check_modules(OPENBLAS QUIET openblas)
if(OPENBLAS_FOUND)
  pkg_get_variable(OPENBLAS_LIBDIR openblas libdir)
endif()

# Eigen as every part of the project must see it: the same definitions everywhere (its inline functions are shared by
# the linker), no warnings from its headers, no threads of its own.
add_library(geolip_eigen INTERFACE)
target_include_directories(geolip_eigen SYSTEM INTERFACE $<TARGET_PROPERTY:Eigen3::Eigen,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_definitions(geolip_eigen INTERFACE EIGEN_DONT_PARALLELIZE)
