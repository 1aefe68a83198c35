#include <ascent/ascent.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <type_traits>

namespace geolip::ascent {
namespace {

using backend::Buffer;
using backend::View;

// Entries of a new column, against rows of unit norm.
constexpr double new_column_size = 0.3;

// A relative fall of the objective below this many units of rounding for each layer is noise, no reason to
// restart the momentum.
constexpr double fall_units = 4.0;

std::vector<std::int32_t> make_offsets(const std::vector<Index>& ranks) {
  std::vector<std::int32_t> offset{0};
  for (const Index r : ranks) offset.push_back(offset.back() + static_cast<std::int32_t>(r));
  return offset;
}

}  // namespace

template <class T>
Ascent<T>::Ascent(Model<T>& model, std::vector<Problem> problems, std::vector<Index> ids,
                  std::vector<std::int32_t> offset)
    : model_(&model), problems_(std::move(problems)), ids_(std::move(ids)), offset_(std::move(offset)) {
  set_up_problems();
}

template <class T>
Ascent<T>::Ascent(Model<T>& model, const std::vector<Problem>& problems, std::vector<Index> ids, Index rank,
                  std::uint64_t seed)
    : Ascent(model, problems, std::move(ids), make_offsets(std::vector<Index>(problems.size(), rank))) {
  input_ = make_input();
  for (Index k = 0; k < model.depth(); ++k) {
    layers_.push_back(make_layer(model.maps[static_cast<std::size_t>(k)].outputs()));
  }
  // Each problem draws from its own streams, so that it starts alike whatever else is in the batch.
  for (Index b = 0; b < this->problems(); ++b) {
    std::vector<std::int32_t> all(static_cast<std::size_t>(rank), 1);
    const Buffer<std::int32_t> mask(model.backend, all);
    const auto stream = static_cast<std::uint64_t>(id(b)) * static_cast<std::uint64_t>(model.depth() + 1);
    const auto fill = [&](Buffer<T>& x, std::uint64_t tensor) {
      if (b == 0) x.zero();
      const View<T> own(x.data() + offset_[static_cast<std::size_t>(b)], x.rows(), rank, x.cols());
      model.backend.template in<T>().add_noise(T(1), seed, stream + tensor, mask.data(), own);
    };
    fill(input_.s_hat, 0);
    for (std::size_t k = 0; k < layers_.size(); ++k) fill(layers_[k].s_hat, k + 1);
  }
  allocate_scalars();
  normalise();
}

template <class T>
template <class From>
Ascent<T>::Ascent(Model<T>& model, Ascent<From>& old, const std::vector<Index>& keep,
                  const std::vector<Index>& ranks, std::uint64_t seed, Release release)
    : Ascent(
          model,
          [&] {
            std::vector<Problem> kept;
            for (const Index b : keep) kept.push_back(old.problem(b));
            return kept;
          }(),
          [&] {
            std::vector<Index> kept;
            for (const Index b : keep) kept.push_back(old.id(b));
            return kept;
          }(),
          make_offsets(ranks)) {
  backend::Backend& backend = model.backend;
  std::vector<std::int32_t> from;
  std::vector<std::int32_t> is_new;
  for (std::size_t b = 0; b < keep.size(); ++b) {
    for (Index j = 0; j < ranks[b]; ++j) {
      const bool existed = j < old.rank(keep[b]);
      from.push_back(existed ? old.offset_[static_cast<std::size_t>(keep[b])] + static_cast<std::int32_t>(j)
                             : -1);
      is_new.push_back(existed ? 0 : 1);
    }
  }
  const Buffer<std::int32_t> index(backend, from);
  const Buffer<std::int32_t> mask(backend, is_new);
  const bool grown = std::find(is_new.begin(), is_new.end(), 1) != is_new.end();

  signs_ = old.signs_;
  if (signs_ && columns() != this->problems()) throw std::logic_error("a state of signs has rank one");
  const auto move_block = [&](typename Ascent<From>::Block& block, Block next, std::uint64_t tensor) {
    if constexpr (std::is_same_v<T, From>) {
      backend.template in<T>().gather_columns(index.data(), block.s_hat.view(), next.s_hat.view());
    } else if constexpr (std::is_same_v<From, float>) {
      backend.widen_columns(index.data(), block.s_hat.view(), next.s_hat.view());
    }
    if (release == Release::yes) block = typename Ascent<From>::Block();
    if (grown) {
      const double rows = ball() && tensor == 0 ? static_cast<double>(next.s_hat.rows()) : 1.0;
      backend.template in<T>().add_noise(static_cast<T>(new_column_size / std::sqrt(rows)), seed, tensor,
                                         mask.data(), next.s_hat.view());
    }
    return next;
  };
  if (release == Release::yes) {
    old.w_.clear();
    old.rho_.clear();
    old.even_ = Buffer<From>();
    old.odd_ = Buffer<From>();
  }
  input_ = move_block(old.input_, make_input(), 0);
  for (std::size_t k = 0; k < old.layers_.size(); ++k) {
    layers_.push_back(move_block(old.layers_[k], make_layer(old.layers_[k].s_hat.rows()), k + 1));
  }
  allocate_scalars();
  normalise();
}

template <class T>
Ascent<T> Ascent<T>::rounded(Ascent& source, const std::vector<Index>& which, Index starts,
                             std::uint64_t seed) {
  Model<T>& model = *source.model_;
  backend::Backend& backend = model.backend;
  std::vector<Problem> problems;
  std::vector<Index> ids;
  std::vector<std::int32_t> columns;    // of the source, problem after problem
  std::vector<std::int32_t> offset{0};  // where each problem's columns begin in that list
  std::vector<T> directions;            // columns x starts
  for (const Index b : which) {
    for (Index k = 0; k < starts; ++k) {
      problems.push_back(source.problem(b));
      ids.push_back(source.id(b));
    }
    const std::vector<T> own =
        random_directions(source.problem(b), source.id(b), source.rank(b), starts, seed);
    directions.insert(directions.end(), own.begin(), own.end());
    for (Index j = 0; j < source.rank(b); ++j) {
      columns.push_back(source.offset_[static_cast<std::size_t>(b)] + static_cast<std::int32_t>(j));
    }
    offset.push_back(static_cast<std::int32_t>(columns.size()));
  }
  const std::vector<Index> ranks(problems.size(), 1);
  Ascent result(model, std::move(problems), std::move(ids), make_offsets(ranks));
  result.signs_ = true;

  const Buffer<T> d(backend, directions, starts);
  const Buffer<std::int32_t> index(backend, columns);
  const Buffer<std::int32_t> own_offset(backend, offset);
  const auto count = static_cast<Index>(columns.size());
  const backend::Columns layout{static_cast<Index>(which.size()), count, own_offset.data(), nullptr};
  const auto project = [&](Block& block, Block next) {
    Buffer<T> chosen(backend, block.s_hat.rows(), count);
    backend.template in<T>().gather_columns(index.data(), block.s_hat.view(), chosen.view());
    backend.template in<T>().project_signs(layout, std::as_const(chosen).view(), d.view(), next.s_hat.view());
    return next;
  };
  result.input_ = project(source.input_, result.make_input());
  for (Block& block : source.layers_) {
    result.layers_.push_back(project(block, result.make_layer(block.s_hat.rows())));
  }
  result.allocate_scalars();
  result.normalise();
  return result;
}

/// Normal numbers, rank x starts, each start turned so that the sign of e along it is +1. Start 0 is e
/// itself.
template <class T>
std::vector<T> Ascent<T>::random_directions(const Problem& problem, Index id, Index rank, Index starts,
                                            std::uint64_t seed) {
  std::vector<T> g(static_cast<std::size_t>(rank * starts));
  for (Index k = 0; k < starts; ++k) {
    const std::uint64_t stream = kernels::mix(static_cast<std::uint64_t>(id)) + static_cast<std::uint64_t>(k);
    const double along_e = kernels::normal(seed, stream, 0);
    const double turn = along_e < 0.0 && !problem.vector ? -1.0 : 1.0;
    for (Index j = 0; j < rank; ++j) {
      const double e = j == 0 ? 1.0 : 0.0;
      const double random = turn * kernels::normal(seed, stream, static_cast<std::uint64_t>(j));
      g[static_cast<std::size_t>(j * starts + k)] = static_cast<T>(k == 0 ? e : random);
    }
  }
  return g;
}

template <class T>
void Ascent<T>::set_up_problems() {
  backend::Backend& backend = model_->backend;
  std::vector<std::int32_t> slope;
  std::vector<std::int32_t> vector;
  std::vector<double> u(static_cast<std::size_t>(model_->outputs() * problems()), 0.0);
  for (Index b = 0; b < problems(); ++b) {
    const Problem& p = problem(b);
    slope.push_back(static_cast<std::int32_t>(p.slope_set));
    vector.push_back(p.vector ? 1 : 0);
    for (std::size_t i = 0; i < p.row.size() && !p.vector; ++i) {
      u[i * static_cast<std::size_t>(problems()) + static_cast<std::size_t>(b)] = p.row[i];
    }
  }
  offset_device_ = Buffer<std::int32_t>(backend, offset_);
  slope_ = Buffer<std::int32_t>(backend, slope);
  vector_ = Buffer<std::int32_t>(backend, vector);
  u_ = Buffer<double>(backend, u, problems());
  if (model_->norm == Norm::l1) set_up_columns();
}

/// W_1 e_j for every problem's coordinate j, by one product with unit vectors.
template <class T>
void Ascent<T>::set_up_columns() {
  graph::LinearMap<T>& map = model_->maps.front();
  std::vector<T> units(static_cast<std::size_t>(map.inputs() * problems()), T(0));
  for (Index b = 0; b < problems(); ++b) {
    units[static_cast<std::size_t>(problem(b).coordinate * problems() + b)] = T(1);
  }
  const Buffer<T> e(model_->backend, units, problems());
  a_ = Buffer<T>(model_->backend, map.outputs(), problems());
  map.apply(e.view(), a_.view());
}

template <class T>
void Ascent<T>::apply_first(View<const T> x, View<T> w) {
  if (model_->norm == Norm::l1) {
    model_->backend.template in<T>().spread_column(layout(), std::as_const(a_).view(), x, w);
  } else {
    model_->maps.front().apply(x, w);
  }
}

template <class T>
void Ascent<T>::adjoint_first(View<const T> w, View<T> x) {
  if (model_->norm == Norm::l1) {
    model_->backend.template in<T>().collect_column(layout(), std::as_const(a_).view(), w, x);
  } else {
    model_->maps.front().adjoint(w, x);
  }
}

template <class T>
void Ascent<T>::allocate_scalars() {
  backend::Backend& backend = model_->backend;
  const Index cols = columns();
  Index widest = std::max(model_->input_rows(), model_->outputs());
  for (const Block& block : layers_) {
    const Index n = block.s_hat.rows();
    w_.emplace_back(backend, n, cols);
    rho_.push_back(signs_ ? Buffer<T>() : Buffer<T>(backend, n, problems()));
    widest = std::max(widest, n);
  }
  even_ = Buffer<T>(backend, widest, cols);
  odd_ = Buffer<T>(backend, widest, cols);
  momentum_ = Buffer<kernels::Momentum>(backend, std::vector<kernels::Momentum>(problems_.size()));
  value_ = Buffer<double>(backend, std::vector<double>(problems_.size(), 0.0));
  best_ = Buffer<double>(backend, std::vector<double>(problems_.size(), 0.0));
}

template <class T>
typename Ascent<T>::Block Ascent<T>::make_input() const {
  return ball() ? make_block(model_->input_rows(), 1) : make_layer(model_->input_rows());
}

template <class T>
typename Ascent<T>::Block Ascent<T>::make_layer(Index n) const {
  return make_block(n, signs_ ? 0 : n);
}

template <class T>
typename Ascent<T>::Block Ascent<T>::make_block(Index n, Index norms) const {
  backend::Backend& backend = model_->backend;
  return {signs_ ? Buffer<T>() : Buffer<T>(backend, n, columns()), Buffer<T>(backend, n, columns()),
          Buffer<T>(backend, norms, problems())};
}

template <class T>
backend::Columns Ascent<T>::layout() const {
  return {problems(), columns(), offset_device_.data(), slope_.data()};
}

template <class T>
void Ascent<T>::normalise() {
  auto& kernels = model_->backend.template in<T>();
  if (ball()) {
    kernels.normalise_ball(layout(), rows(input_));
  } else {
    kernels.normalise_rows(layout(), rows(input_));
  }
  for (Block& block : layers_) kernels.normalise_rows(layout(), rows(block));
}

template <class T>
void Ascent<T>::forward() {
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
  kernels.objective(layout(), std::as_const(u_).view(), vector_.data(), y, g, value_.data());
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
  std::vector<Problem> chosen;
  std::vector<Index> ids;
  std::vector<Index> ranks;
  std::vector<std::int32_t> columns_of;
  for (const Index b : which) {
    chosen.push_back(problem(b));
    ids.push_back(id(b));
    ranks.push_back(rank(b));
    for (Index j = 0; j < rank(b); ++j)
      columns_of.push_back(offset_[static_cast<std::size_t>(b)] + static_cast<std::int32_t>(j));
  }
  const Buffer<std::int32_t> index(backend, columns_of);
  const auto cols = static_cast<Index>(columns_of.size());
  auto& kernels = backend.template in<double>();
  Ascent<double> point(exact, std::move(chosen), std::move(ids), make_offsets(ranks));
  const auto unit = [&](const Block& block, bool as_ball) {
    Buffer<double> s_hat = widen(block.s_hat, index);
    const backend::RowState<double> state{s_hat.view(), s_hat.view(), {}};
    if (as_ball) {
      kernels.normalise_ball(point.layout(), state);
    } else {
      kernels.normalise_rows(point.layout(), state);
    }
    return s_hat;
  };
  Buffer<double> v = unit(input_, ball());
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
                    std::as_const(y).view(), g.view(), value.data());
  return value.download();
}

template <class T>
void Ascent<T>::sweep() {
  forward();
  const double tolerance = fall_units * static_cast<double>(std::numeric_limits<T>::epsilon()) *
                           static_cast<double>(model_->depth() + 1);
  model_->backend.update_momentum(problems(), value_.data(), tolerance, momentum_.data(), best_.data());
  backward();
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
  const View<T> g0 = next_buffer(model_->input_rows());
  adjoint_first(g, g0);
  // X = G_0 / |G_0|, row by row (l_inf) or as a whole (l_2)
  if (ball()) {
    kernels.input_ball(layout(), momentum_.data(), g0, rows(input_));
  } else {
    kernels.input_rows(layout(), momentum_.data(), g0, rows(input_));
  }
}

template <class T>
std::vector<RawMultipliers> Ascent<T>::multipliers() const {
  if (signs_) throw std::logic_error("a state of signs has no multipliers");
  std::vector<RawMultipliers> all(problems_.size());
  const auto scatter = [&](const Buffer<T>& from, auto&& pick) {
    const std::vector<T> host = from.download();
    for (Index b = 0; b < problems(); ++b) {
      std::vector<double>& to = pick(all[static_cast<std::size_t>(b)]);
      to.resize(static_cast<std::size_t>(from.rows()));
      for (Index i = 0; i < from.rows(); ++i) {
        to[static_cast<std::size_t>(i)] =
            static_cast<double>(host[static_cast<std::size_t>(i * problems() + b)]);
      }
    }
  };
  const auto deepen = [](std::vector<std::vector<double>>& layers) -> std::vector<double>& {
    return layers.emplace_back();
  };
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    scatter(layers_[k].g, [&](RawMultipliers& m) -> std::vector<double>& { return deepen(m.g); });
    scatter(rho_[k], [&](RawMultipliers& m) -> std::vector<double>& { return deepen(m.rho); });
  }
  scatter(input_.g, [](RawMultipliers& m) -> std::vector<double>& { return m.input; });
  const std::vector<double> value = values();
  for (std::size_t b = 0; b < all.size(); ++b) all[b].value = value[b];
  return all;
}

template <class T>
std::vector<double> Ascent<T>::layer_sizes() const {
  if (signs_) throw std::logic_error("a state of signs keeps no norms");
  std::vector<double> sizes;
  for (const Buffer<T>& rho : rho_) {
    const std::vector<T> host = rho.download();
    double largest = 0.0;
    for (Index b = 0; b < problems(); ++b) {
      double sum = 0.0;
      for (Index i = 0; i < rho.rows(); ++i) {
        const auto r = static_cast<double>(host[static_cast<std::size_t>(i * problems() + b)]);
        sum += r * r;
      }
      largest = std::max(largest, std::sqrt(sum / static_cast<double>(rho.rows())));
    }
    sizes.push_back(largest);
  }
  return sizes;
}

template <class T>
std::vector<Pattern> Ascent<T>::patterns(const std::vector<Index>& which,
                                         const std::vector<graph::LayerSlopes>& slopes) const {
  backend::Backend& backend = model_->backend;
  std::vector<std::int32_t> columns_of;
  for (const Index b : which) columns_of.push_back(offset_[static_cast<std::size_t>(b)]);
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
template Ascent<float>::Ascent(Model<float>&, Ascent<float>&, const std::vector<Index>&,
                               const std::vector<Index>&, std::uint64_t, Release);
template Ascent<double>::Ascent(Model<double>&, Ascent<double>&, const std::vector<Index>&,
                                const std::vector<Index>&, std::uint64_t, Release);
template Ascent<double>::Ascent(Model<double>&, Ascent<float>&, const std::vector<Index>&,
                                const std::vector<Index>&, std::uint64_t, Release);

}  // namespace geolip::ascent
