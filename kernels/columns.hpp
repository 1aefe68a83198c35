/// \file
/// Launches of the sums over rows (slab_sums.hpp). `partial` is scratch memory: slab_count(rows) * problems
/// BallSums, or for collect_columns slab_count(rows) * total numbers. Every function returns what
/// cudaGetLastError() says of its launches; none synchronises.
#pragma once

#include <kernels/slab_sums.hpp>

#include <cuda_runtime_api.h>

namespace geolip::kernels {

template <class T>
cudaError_t ball_sums(const Segments& segments, const BallTerm<T>& term, const BallFinish<T>& finish,
                      BallSums* partial, cudaStream_t stream);
template <class T>
cudaError_t normalise_ball_sums(const Segments& segments, const BallTerm<T>& term,
                                const NormaliseBallFinish<T>& finish, BallSums* partial, cudaStream_t stream);
template <class T>
cudaError_t objective(const Segments& segments, const ObjectiveTerm<T>& term, const ObjectiveFinish& finish,
                      BallSums* partial, cudaStream_t stream);
template <class T>
cudaError_t collect_columns(const Segments& segments, Matrix<const T> a, Matrix<const T> w, T* partial, T* x,
                            cudaStream_t stream);

}  // namespace geolip::kernels
