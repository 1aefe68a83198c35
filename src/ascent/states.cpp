// Making states: at random, from another state, rounded to signs.
#include <ascent/ascent.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <type_traits>

namespace geolip::ascent {
namespace {

using backend::Buffer;
using backend::View;

// Entries of a new column, against rows of unit norm.
constexpr double new_column_size = 0.3;
// Entries of the unit vectors that columns of the first map are read off with, at a time.
constexpr Index most_unit_entries = Index(1) << 22;

}  // namespace

template <class T>
std::vector<std::int32_t> Ascent<T>::make_offsets(const std::vector<Index>& ranks) {
  std::vector<std::int32_t> offset{0};
  for (const Index r : ranks) offset.push_back(offset.back() + static_cast<std::int32_t>(r));
  return offset;
}

template <class T>
Ascent<T>::Ascent(Model<T>& model, std::vector<problem::Problem> problems, std::vector<Index> ids,
                  std::vector<std::int32_t> offset)
    : model_(&model), problems_(std::move(problems)), ids_(std::move(ids)), offset_(std::move(offset)) {
  set_up_problems();
}

template <class T>
Ascent<T>::Ascent(Model<T>& model, const std::vector<problem::Problem>& problems, std::vector<Index> ids,
                  Index rank, std::uint64_t seed)
    : Ascent(model, problems, std::move(ids), make_offsets(std::vector<Index>(problems.size(), rank))) {
  input_ = make_input();
  for (Index k = 0; k < model.depth(); ++k) {
    layers_.push_back(make_layer(at(model.maps, k).outputs()));
  }
  // Each problem draws from its own streams, so that it starts alike whatever else is in the batch.
  for (Index b = 0; b < this->problems(); ++b) {
    std::vector<std::int32_t> all(static_cast<std::size_t>(rank), 1);
    const Buffer<std::int32_t> mask(model.backend, all);
    const auto stream = static_cast<std::uint64_t>(id(b)) * static_cast<std::uint64_t>(model.depth() + 1);
    const auto fill = [&](Buffer<T>& x, std::uint64_t tensor) {
      if (b == 0) model.backend.template in<T>().clear(x.view());
      const View<T> own(x.data() + at(offset_, b), x.rows(), rank, x.cols());
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
            std::vector<problem::Problem> kept;
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
      from.push_back(existed ? at(old.offset_, keep[b]) + static_cast<std::int32_t>(j) : -1);
      is_new.push_back(existed ? 0 : 1);
    }
  }
  const Buffer<std::int32_t> index(backend, from);
  const Buffer<std::int32_t> mask(backend, is_new);
  const bool grown = std::find(is_new.begin(), is_new.end(), 1) != is_new.end();

  signs_ = old.signs_;
  if (signs_ && columns() != this->problems()) throw std::logic_error("a state of signs has rank one");
  const auto move_block = [&](typename Ascent<From>::UnitVectors& block, UnitVectors next,
                              std::uint64_t tensor) {
    if constexpr (std::is_same_v<T, From>) {
      backend.template in<T>().gather_columns(index.data(), block.s_hat.view(), next.s_hat.view());
    } else if constexpr (std::is_same_v<From, float>) {
      backend.widen_columns(index.data(), block.s_hat.view(), next.s_hat.view());
    }
    if (release == Release::yes) block = typename Ascent<From>::UnitVectors();
    if (grown) {
      const double rows = one_input() && tensor == 0 ? static_cast<double>(next.s_hat.rows()) : 1.0;
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
  std::vector<problem::Problem> problems;
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
      columns.push_back(at(source.offset_, b) + static_cast<std::int32_t>(j));
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
  const auto project = [&](UnitVectors& block, UnitVectors next) {
    Buffer<T> chosen(backend, block.s_hat.rows(), count);
    backend.template in<T>().gather_columns(index.data(), block.s_hat.view(), chosen.view());
    backend.template in<T>().project_signs(layout, std::as_const(chosen).view(), d.view(), next.s_hat.view());
    return next;
  };
  result.input_ = project(source.input_, result.make_input());
  for (UnitVectors& block : source.layers_) {
    result.layers_.push_back(project(block, result.make_layer(block.s_hat.rows())));
  }
  result.allocate_scalars();
  result.normalise();
  return result;
}

/// Normal numbers, rank x starts, each start turned so that the sign of e along it is +1. Start 0 is e
/// itself.
template <class T>
std::vector<T> Ascent<T>::random_directions(const problem::Problem& problem, Index id, Index rank,
                                            Index starts, std::uint64_t seed) {
  std::vector<T> g(static_cast<std::size_t>(rank * starts));
  for (Index k = 0; k < starts; ++k) {
    const std::uint64_t stream = kernels::mix(static_cast<std::uint64_t>(id)) + static_cast<std::uint64_t>(k);
    const double along_e = kernels::normal(seed, stream, 0);
    const double turn = along_e < 0.0 && !problem.vector ? -1.0 : 1.0;
    for (Index j = 0; j < rank; ++j) {
      const double e = j == 0 ? 1.0 : 0.0;
      const double random = turn * kernels::normal(seed, stream, static_cast<std::uint64_t>(j));
      at(g, j * starts + k) = static_cast<T>(k == 0 ? e : random);
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
    const problem::Problem& p = problem(b);
    slope.push_back(static_cast<std::int32_t>(p.slope_set));
    vector.push_back(p.vector || joint() ? 1 : 0);
    for (std::size_t i = 0; i < p.row.index.size(); ++i)
      at(u, p.row.index[i] * problems() + b) = p.row.value[i];
  }
  offset_device_ = Buffer<std::int32_t>(backend, offset_);
  slope_ = Buffer<std::int32_t>(backend, slope);
  vector_ = Buffer<std::int32_t>(backend, vector);
  u_ = Buffer<double>(backend, u, problems());
  if (l1()) set_up_columns();
}

/// W_1 e_j for every coordinate j, by products with unit vectors.
template <class T>
void Ascent<T>::set_up_columns() {
  backend::Backend& backend = model_->backend;
  std::vector<Index> coordinates;
  for (const problem::Problem& p : problems_)
    coordinates.insert(coordinates.end(), p.ball.coordinates.begin(), p.ball.coordinates.end());
  if (joint()) {
    if (problems() != 1) throw std::logic_error("a joint problem is alone in its state");
    const Index each = columns() / static_cast<Index>(coordinates.size());
    if (each * static_cast<Index>(coordinates.size()) != columns()) {
      throw std::logic_error("a joint problem's coordinates have equal ranks");
    }
    first_offset_ = Buffer<std::int32_t>(backend, make_offsets(std::vector<Index>(coordinates.size(), each)));
    const std::vector<double> u = problems_.front().row.dense();
    row_ = Buffer<T>(backend, std::vector<T>(u.begin(), u.end()), static_cast<Index>(u.size()));
    along_ = Buffer<T>(backend, 1, columns());
    along_gradient_ = Buffer<T>(backend, 1, columns());
  }
  operators::LinearMap<T>& map = model_->maps.front();
  const auto count = static_cast<Index>(coordinates.size());
  a_ = Buffer<T>(backend, map.outputs(), count);
  const Index most = std::clamp<Index>(most_unit_entries / map.inputs(), 1, count);
  for (Index first = 0; first < count; first += most) {
    const Index some = std::min(most, count - first);
    std::vector<T> units(static_cast<std::size_t>(map.inputs() * some), T(0));
    for (Index b = 0; b < some; ++b) at(units, at(coordinates, first + b) * some + b) = T(1);
    const Buffer<T> e(backend, units, some);
    Buffer<T> columns(backend, map.outputs(), some);
    map.apply(e.view(), columns.view());
    const View<T> own(a_.data() + first, map.outputs(), some, count);
    backend.template in<T>().combine(T(1), std::as_const(columns).view(), T(0), own);
  }
}

template <class T>
void Ascent<T>::allocate_scalars() {
  backend::Backend& backend = model_->backend;
  const Index cols = columns();
  Index widest = std::max(input_rows(), model_->outputs());
  for (const UnitVectors& block : layers_) {
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
typename Ascent<T>::UnitVectors Ascent<T>::make_input() const {
  return one_input() ? make_block(input_rows(), 1) : make_layer(input_rows());
}

template <class T>
typename Ascent<T>::UnitVectors Ascent<T>::make_layer(Index n) const {
  return make_block(n, signs_ ? 0 : n);
}

template <class T>
typename Ascent<T>::UnitVectors Ascent<T>::make_block(Index n, Index norms) const {
  backend::Backend& backend = model_->backend;
  return {signs_ ? Buffer<T>() : Buffer<T>(backend, n, columns()), Buffer<T>(backend, n, columns()),
          Buffer<T>(backend, norms, problems())};
}

#define GEOLIP_INSTANTIATE(T)                                                                            \
  template Ascent<T>::Ascent(Model<T>&, std::vector<problem::Problem>, std::vector<Index>,               \
                             std::vector<std::int32_t>);                                                 \
  template Ascent<T>::Ascent(Model<T>&, const std::vector<problem::Problem>&, std::vector<Index>, Index, \
                             std::uint64_t);                                                             \
  template Ascent<T> Ascent<T>::rounded(Ascent&, const std::vector<Index>&, Index, std::uint64_t);       \
  template std::vector<T> Ascent<T>::random_directions(const problem::Problem&, Index, Index, Index,     \
                                                       std::uint64_t);                                   \
  template std::vector<std::int32_t> Ascent<T>::make_offsets(const std::vector<Index>&);                 \
  template void Ascent<T>::set_up_problems();                                                            \
  template void Ascent<T>::set_up_columns();                                                             \
  template void Ascent<T>::allocate_scalars();                                                           \
  template Ascent<T>::UnitVectors Ascent<T>::make_input() const;                                         \
  template Ascent<T>::UnitVectors Ascent<T>::make_layer(Index) const;                                    \
  template Ascent<T>::UnitVectors Ascent<T>::make_block(Index, Index) const;
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

template Ascent<float>::Ascent(Model<float>&, Ascent<float>&, const std::vector<Index>&,
                               const std::vector<Index>&, std::uint64_t, Release);
template Ascent<double>::Ascent(Model<double>&, Ascent<double>&, const std::vector<Index>&,
                                const std::vector<Index>&, std::uint64_t, Release);
template Ascent<double>::Ascent(Model<double>&, Ascent<float>&, const std::vector<Index>&,
                                const std::vector<Index>&, std::uint64_t, Release);

}  // namespace geolip::ascent
