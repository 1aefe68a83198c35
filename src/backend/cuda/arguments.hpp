/// \file
/// Views and layouts in the kernels' own words.
#pragma once

#include <backend/backend.hpp>
#include <kernels/layout.hpp>

namespace geolip::backend::cuda {

template <class T>
kernels::Matrix<T> matrix(View<T> v) {
  return {v.data, v.ld};
}

inline kernels::Segments segments(const Columns& columns, Index rows) {
  return {rows, columns.problems, columns.total, columns.offset};
}

template <class T>
kernels::SlopeTable<T> slope_table(const Columns& columns, const Slopes<T>& slopes) {
  return {slopes.c, slopes.h, slopes.sets, columns.slope};
}

template <class T>
kernels::UnitRows<T> unit_rows(const RowState<T>& state) {
  return {matrix(state.s), matrix(state.s_hat), matrix(state.g)};
}

}  // namespace geolip::backend::cuda
