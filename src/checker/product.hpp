/// \file
/// The matrix product on which all time is spent.
#pragma once

#include <checker/network.hpp>

#include <functional>

namespace geolip::checker {

/// Calls body(i) for i in 0 .. count - 1, each once, in any order. Throws what a body throws. A thread that
/// the system does not give is done without.
void parallel_for(Index count, int threads, const std::function<void(Index)>& body);

/// C -= A B' for row-major A (m x k), B (n x k), C (m x n) with the given distances between rows. `lower`:
/// only entries (i, j) with i >= j are needed, those above the diagonal are left in any state. Every entry is
/// a sum in an order of its own that neither threads nor the processor's instruction set change.
void subtract_product(Index m, Index n, Index k, const double* a, Index lda, const double* b, Index ldb,
                      double* c, Index ldc, bool lower = false, int threads = 1);

/// X <- X L^-T for a row-major lower triangle L (n x n, n <= 64) and X (m x n). `inverse` holds 1 / L_jj.
void solve_tile(Index m, Index n, const double* l, Index ldl, const double* inverse, double* x, Index ldx);

}  // namespace geolip::checker
