// The sweeps, and what is read from a state.
#include <ascent/ascent.hpp>
#include <network/at.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace geolip::ascent {
namespace {

using backend::Buffer;
using backend::View;

// A relative fall of the objective below this many units of rounding for each layer is noise, no reason to
// restart the momentum.
constexpr double fall_units = 4.0;

}  // namespace

template <class T>
void Ascent<T>::apply_first(View<const T> x, View<T> w) {
  if (l1()) {
    model_->backend.template in<T>().spread_column(first_layout(), std::as_const(a_).view(), x, w);
  } else {
    model_->maps.front().apply(x, w);
  }
}

template <class T>
void Ascent<T>::adjoint_first(View<const T> w, View<T> x) {
  if (l1()) {
    model_->backend.template in<T>().collect_column(first_layout(), std::as_const(a_).view(), w, x);
  } else {
    model_->maps.front().adjoint(w, x);
  }
}

template <class T>
backend::Columns Ascent<T>::layout() const {
  return {problems(), columns(), offset_device_.data(), slope_.data()};
}

/// What the first map of l_1 takes for problems: the coordinates.
template <class T>
backend::Columns Ascent<T>::first_layout() const {
  if (!joint()) return layout();
  return {static_cast<Index>(ball().coordinates.size()), columns(), first_offset_.data(), nullptr};
}

template <class T>
void Ascent<T>::normalise() {
  auto& kernels = model_->backend.template in<T>();
  kernels.normalise(layout(), rows(input_, one_input()));
  for (UnitVectors& block : layers_) kernels.normalise(layout(), rows(block));
}

template <class T>
void Ascent<T>::forward(const kernels::History& history) {
  auto& kernels = model_->backend.template in<T>();
  View<const T> v = input_.s_hat.view();
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    // w_k = W_k V_{k-1}
    if (k == 0) {
      apply_first(v, w_[k].view());
    } else {
      model_->maps[k].apply(v, w_[k].view());
    }
    // V_k = c w_k + h rho s_k
    const View<T> next((k % 2 == 0 ? even_ : odd_).data(), w_[k].rows(), columns());
    kernels.forward_rows(layout(), model_->slopes(static_cast<Index>(k)), std::as_const(w_[k]).view(),
                         std::as_const(layers_[k].s_hat).view(), rho_[k].view(), next);
    v = next;
  }
  // Y = F V_L;  f = <e, u'Y> or |Y|^2;  G = df/dY
  const bool even_free = layers_.size() % 2 == 0;
  const View<T> y((even_free ? even_ : odd_).data(), model_->outputs(), columns());
  const View<T> g((even_free ? odd_ : even_).data(), model_->outputs(), columns());
  if (layers_.empty()) {
    apply_first(v, y);  // the only map: in l_1 it takes one coordinate
  } else {
    model_->maps.back().apply(v, y);
  }
  if (joint()) {
    // f = |u'Y|^2
    kernels.multiply(std::as_const(row_).view(), y, along_.view());
    kernels.objective(layout(), std::as_const(u_).view(), vector_.data(), std::as_const(along_).view(),
                      along_gradient_.view(), value_.data(), history);
    kernels.multiply_transposed(std::as_const(row_).view(), std::as_const(along_gradient_).view(), g);
    return;
  }
  kernels.objective(layout(), std::as_const(u_).view(), vector_.data(), y, g, value_.data(), history);
}

/// The columns `index` of a block, in float64.
template <class T>
Buffer<double> Ascent<T>::widen(const Buffer<T>& block, const Buffer<std::int32_t>& index) const {
  Buffer<double> result(model_->backend, block.rows(), index.rows());
  if constexpr (std::is_same_v<T, double>) {
    model_->backend.template in<double>().gather_columns(index.data(), block.view(), result.view());
  } else {
    model_->backend.widen_columns(index.data(), block.view(), result.view());
  }
  return result;
}

// Layer by layer, so that no second state is needed. Rows that are unit vectors in float32 are so in float64
// only to rounding: they are normalised again, and the value belongs to a feasible point.
template <class T>
std::vector<double> Ascent<T>::values64(Model<double>& exact, const std::vector<Index>& which) {
  backend::Backend& backend = model_->backend;
  std::vector<problem::Problem> chosen;
  std::vector<Index> ids;
  std::vector<Index> ranks;
  std::vector<std::int32_t> columns_of;
  for (const Index b : which) {
    chosen.push_back(problem(b));
    ids.push_back(id(b));
    ranks.push_back(rank(b));
    for (Index j = 0; j < rank(b); ++j) columns_of.push_back(at(offset_, b) + static_cast<std::int32_t>(j));
  }
  const Buffer<std::int32_t> index(backend, columns_of);
  const auto cols = static_cast<Index>(columns_of.size());
  auto& kernels = backend.template in<double>();
  Ascent<double> point(exact, std::move(chosen), std::move(ids), make_offsets(ranks));
  const auto unit = [&](const UnitVectors& block, bool as_ball) {
    Buffer<double> s_hat = widen(block.s_hat, index);
    kernels.normalise(point.layout(), {s_hat.view(), s_hat.view(), {}, as_ball});
    return s_hat;
  };
  Buffer<double> v = unit(input_, one_input());
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    Buffer<double> w(backend, layers_[k].s_hat.rows(), cols);
    if (k == 0) {
      point.apply_first(std::as_const(v).view(), w.view());
    } else {
      exact.maps[k].apply(std::as_const(v).view(), w.view());
    }
    const Buffer<double> s_hat = unit(layers_[k], false);
    Buffer<double> rho(backend, w.rows(), point.problems());
    v = Buffer<double>(backend, w.rows(), cols);
    kernels.forward_rows(point.layout(), exact.slopes(static_cast<Index>(k)), std::as_const(w).view(),
                         s_hat.view(), rho.view(), v.view());
  }
  Buffer<double> y(backend, exact.outputs(), cols);
  Buffer<double> g(backend, exact.outputs(), cols);
  Buffer<double> value(backend, point.problems());
  if (layers_.empty()) {
    point.apply_first(std::as_const(v).view(), y.view());
  } else {
    exact.maps.back().apply(std::as_const(v).view(), y.view());
  }
  kernels.objective(point.layout(), std::as_const(point.u_).view(), point.vector_.data(),
                    std::as_const(y).view(), g.view(), value.data(), {});
  return value.download();
}

template <class T>
void Ascent<T>::sweep() {
  const double tolerance = fall_units * static_cast<double>(std::numeric_limits<T>::epsilon()) *
                           static_cast<double>(model_->depth() + 1);
  model_->backend.repeat(sweeps_, [&] {
    forward({momentum_.data(), best_.data(), tolerance});
    backward();
  });
}

template <class T>
void Ascent<T>::backward() {
  auto& kernels = model_->backend.template in<T>();
  // the buffer in which forward() left G at the output
  bool in_even = layers_.size() % 2 != 0;
  const auto next_buffer = [&](Index rows) {
    in_even = !in_even;
    return View<T>((in_even ? even_ : odd_).data(), rows, columns());
  };
  View<T> g((in_even ? even_ : odd_).data(), model_->outputs(), columns());
  for (std::size_t k = layers_.size(); k-- > 0;) {
    // G_k = W_{k+1}' (...)
    const View<T> down = next_buffer(layers_[k].s_hat.rows());
    model_->maps[k + 1].adjoint(g, down);
    // s_k = G_k / |G_k|, extrapolated;  (...) = c G_k + h (|G_k| / rho_k) w_k
    kernels.backward_rows(layout(), model_->slopes(static_cast<Index>(k)), momentum_.data(),
                          std::as_const(w_[k]).view(), std::as_const(rho_[k]).view(), rows(layers_[k]), down);
    g = down;
  }
  const View<T> g0 = next_buffer(input_rows());
  adjoint_first(g, g0);
  // X = G_0 / |G_0|, row by row (l_inf) or as a whole (l_2)
  kernels.backward_input(layout(), momentum_.data(), g0, rows(input_, one_input()));
}

template <class T>
std::vector<SweepNorms> Ascent<T>::norms() const {
  if (signs_) throw std::logic_error("a state of signs has no multipliers");
  std::vector<SweepNorms> all(problems_.size());
  const auto scatter = [&](const Buffer<T>& from, auto&& pick) {
    const std::vector<T> host = from.download();
    for (Index b = 0; b < problems(); ++b) {
      std::vector<double>& to = pick(at(all, b));
      to.resize(static_cast<std::size_t>(from.rows()));
      for (Index i = 0; i < from.rows(); ++i) {
        at(to, i) = static_cast<double>(at(host, i * problems() + b));
      }
    }
  };
  const auto deepen = [](std::vector<std::vector<double>>& layers) -> std::vector<double>& {
    return layers.emplace_back();
  };
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    scatter(layers_[k].g, [&](SweepNorms& m) -> std::vector<double>& { return deepen(m.g); });
    scatter(rho_[k], [&](SweepNorms& m) -> std::vector<double>& { return deepen(m.rho); });
  }
  scatter(input_.g, [](SweepNorms& m) -> std::vector<double>& { return m.input; });
  const std::vector<double> value = values();
  for (std::size_t b = 0; b < all.size(); ++b) all[b].value = value[b];
  return all;
}

template <class T>
std::vector<double> Ascent<T>::layer_sizes(const std::vector<Index>& rows) const {
  if (signs_) throw std::logic_error("a state of signs keeps no norms");
  std::vector<double> sizes;
  for (std::size_t k = 0; k < rho_.size(); ++k) {
    const std::vector<T> host = rho_[k].download();
    double largest = 0.0;
    for (Index b = 0; b < problems(); ++b) {
      double sum = 0.0;
      for (Index i = 0; i < rows[k]; ++i) {
        const auto r = static_cast<double>(at(host, i * problems() + b));
        sum += r * r;
      }
      largest = std::max(largest, std::sqrt(sum / static_cast<double>(rows[k])));
    }
    sizes.push_back(largest);
  }
  return sizes;
}

template <class T>
std::vector<Pattern> Ascent<T>::patterns(const std::vector<Index>& which,
                                         const std::vector<problem::LayerSlopes>& slopes) const {
  backend::Backend& backend = model_->backend;
  std::vector<std::int32_t> columns_of;
  for (const Index b : which) columns_of.push_back(at(offset_, b));
  const Buffer<std::int32_t> index(backend, columns_of);
  const auto count = static_cast<Index>(which.size());
  const auto pick = [&](const Buffer<T>& from) {
    Buffer<T> to(backend, from.rows(), count);
    backend.template in<T>().gather_columns(index.data(), from.view(), to.view());
    return to.download();
  };
  std::vector<Pattern> result(which.size());
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    const std::vector<T> s = pick(layers_[k].s_hat);
    const std::vector<T> w = pick(w_[k]);
    for (std::size_t p = 0; p < which.size(); ++p) {
      const Index set = problem(which[p]).slope_set;
      std::vector<double>& d = result[p].emplace_back(static_cast<std::size_t>(slopes[k].neurons));
      for (std::size_t i = 0; i < d.size(); ++i) {
        // v = c w + h |w| s, s = +-1: the slope is c + h where s and w agree in sign
        const std::size_t at = i * which.size() + p;
        const bool agree = (s[at] < T(0)) == (w[at] < T(0));
        const auto row = static_cast<Index>(i);
        d[i] = slopes[k].centre(row, set) + (agree ? 1.0 : -1.0) * slopes[k].half_width(row, set);
      }
    }
  }
  return result;
}

template class Ascent<float>;
template class Ascent<double>;

}  // namespace geolip::ascent
