/// \file
/// Launches of the row kernels: one group of lanes for each problem's segment of each row (row_bodies.hpp has
/// the formulas). Every function returns what cudaGetLastError() says of its launch; none synchronises.
#pragma once

#include <kernels/row_bodies.hpp>

#include <cuda_runtime_api.h>

namespace geolip::kernels {

template <class T>
cudaError_t forward_rows(const Segments& segments, const ForwardRows<T>& body, cudaStream_t stream);
template <class T>
cudaError_t backward_rows(const Segments& segments, const BackwardRows<T>& body, cudaStream_t stream);
template <class T>
cudaError_t input_rows(const Segments& segments, const InputRows<T>& body, cudaStream_t stream);
template <class T>
cudaError_t normalise_rows(const Segments& segments, const NormaliseRows<T>& body, cudaStream_t stream);
template <class T>
cudaError_t ball_rows(const Segments& segments, const BallRows<T>& body, cudaStream_t stream);
template <class T>
cudaError_t normalise_ball_rows(const Segments& segments, const NormaliseBallRows<T>& body,
                                cudaStream_t stream);
template <class T>
cudaError_t spread_rows(const Segments& segments, const SpreadRows<T>& body, cudaStream_t stream);

/// Whether the present device can run the kernels of this build.
cudaError_t check_device_code();

}  // namespace geolip::kernels
