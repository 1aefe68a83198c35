/// \file
/// Compiles a function for several x86 instruction sets and picks one when the program is loaded, so that one
/// binary runs everywhere and fast where it can. Elsewhere it means nothing.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define GEOLIP_MULTIVERSION \
  __attribute__((target_clones("default", "arch=haswell", "arch=skylake-avx512"), flatten))
#else
#define GEOLIP_MULTIVERSION
#endif
