#include <network/at.hpp>
#include <operators/linear_map.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace geolip::operators {
namespace {

// Powers of two that are so far from 1 may take the numbers between them out of range: squares of what they
// leave must not underflow.
constexpr int far_exponent = 700;

int size_of(const std::vector<double>& weight) {
  double largest = 0.0;
  for (const double w : weight) largest = std::max(largest, std::abs(w));
  return largest > 0.0 ? std::ilogb(largest) : 0;
}

std::vector<double> ones(Index n) { return std::vector<double>(static_cast<std::size_t>(n), 1.0); }

void multiply_into(std::vector<double>& d, const std::vector<double>& factors) {
  for (std::size_t i = 0; i < d.size(); ++i) d[i] *= factors[i];
}

/// One number for each run of `length` entries, if the entries of a run are equal; else none.
std::optional<std::vector<double>> by_runs(const std::vector<double>& entries, Index length) {
  std::vector<double> runs;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i % static_cast<std::size_t>(length) == 0) {
      runs.push_back(entries[i]);
    } else if (entries[i] != runs.back()) {
      return std::nullopt;
    }
  }
  return runs;
}

/// One entry of 1 a row.
Sparse as_sparse(const Permutation& permutation) {
  Sparse sparse;
  sparse.inputs = static_cast<Index>(permutation.source.size());
  for (const Index source : permutation.source) {
    sparse.add(source, 1.0);
    sparse.end_row();
  }
  return sparse;
}

/// Collects diagonal factors that meet no other operator in between, and emits them as one operator, or folds
/// them into the next or last dense one or convolution where the arithmetic keeps a copy of the weights
/// anyway.
template <class T>
class PathBuilder {
 public:
  PathBuilder(Backend& backend, Index inputs, const Intermediates<T>& room)
      : backend_(backend), room_(room), pending_(ones(inputs)) {}

  void diagonal(const std::vector<double>& d) { multiply_into(pending_, d); }

  void permutation(const Permutation& p) {
    close();
    flush_diagonal();
    operators_.push_back(make_sparse<T>(backend_, as_sparse(p)));
  }

  void dense(const Matrix& weight) {
    close();
    if constexpr (folds) {
      open_dense_ = &weight;
      columns_ = std::move(pending_);
    } else {
      flush_diagonal();
      operators_.push_back(make_dense(backend_, weight, *room_.dense, room_.passing));
    }
    pending_ = ones(weight.rows);
  }

  void sparse(const Sparse& matrix) {
    close();
    flush_diagonal();
    operators_.push_back(make_sparse<T>(backend_, matrix));
    pending_ = ones(matrix.outputs());
  }

  void conv(const Conv& conv, bool transposed) {
    close();
    if constexpr (folds) {
      open_conv_ = &conv;
      transposed_ = transposed;
      columns_ = std::move(pending_);
    } else {
      flush_diagonal();
      add(conv, transposed, {});
    }
    pending_ = ones(transposed ? conv.inputs() : conv.outputs());
  }

  std::vector<std::unique_ptr<LinearOperator<T>>> finish() {
    close();
    flush_diagonal();
    return std::move(operators_);
  }

 private:
  /// Float has copies of the weights, which can hold factors.
  static constexpr bool folds = std::is_same_v<T, float>;

  void add(const Conv& conv, bool transposed, const ConvScale& scale) {
    operators_.push_back(transposed ? make_conv_transpose<T>(backend_, conv, scale, room_.unfolded)
                                    : make_conv<T>(backend_, conv, scale, room_.unfolded));
  }

  /// Writes the operator that is still open, with what is pending behind it.
  void close() {
    if constexpr (folds) {
      if (open_dense_ != nullptr) {
        operators_.push_back(
            make_dense(backend_, *open_dense_, pending_, columns_, *room_.dense, room_.passing));
        pending_ = ones(static_cast<Index>(pending_.size()));
      }
      if (open_conv_ != nullptr) close(*open_conv_);
      open_dense_ = nullptr;
      open_conv_ = nullptr;
    }
  }

  /// A convolution takes factors that are the same all over a channel.
  void close(const Conv& conv) {
    const Index image = conv.image[0] * conv.image[1];
    const Index positions = conv.output(0) * conv.output(1);
    std::optional<std::vector<double>> in = by_runs(columns_, transposed_ ? positions : image);
    std::optional<std::vector<double>> out = by_runs(pending_, transposed_ ? image : positions);
    if (in && out) {
      if (transposed_) std::swap(in, out);
      add(conv, transposed_, {*out, *in});
      pending_ = ones(static_cast<Index>(pending_.size()));
      return;
    }
    // Weights of about unit size; a power of two makes up for that.
    const int exponent = size_of(conv.weight);
    std::vector<double> behind = std::exchange(pending_, std::move(columns_));
    flush_diagonal();
    add(conv, transposed_,
        {std::vector<double>(static_cast<std::size_t>(conv.filters), std::ldexp(1.0, -exponent)), {}});
    pending_ = std::move(behind);
    for (double& d : pending_) d = std::ldexp(d, exponent);
  }

  void flush_diagonal() {
    if (std::any_of(pending_.begin(), pending_.end(), [](double d) { return d != 1.0; })) {
      operators_.push_back(make_diagonal<T>(backend_, pending_));
      pending_ = ones(static_cast<Index>(pending_.size()));
    }
  }

  Backend& backend_;
  const Intermediates<T>& room_;
  std::vector<std::unique_ptr<LinearOperator<T>>> operators_;
  std::vector<double> pending_;
  // the operator that is still open, and what was pending in front of it
  const Matrix* open_dense_ = nullptr;
  const Conv* open_conv_ = nullptr;
  bool transposed_ = false;
  std::vector<double> columns_;
};

template <class T>
void add_layer(PathBuilder<T>& builder, const Layer& layer) {
  if (const auto* dense = std::get_if<Dense>(&layer.op)) builder.dense(dense->weight);
  if (const auto* affine = std::get_if<Affine>(&layer.op)) builder.diagonal(affine->scale);
  if (const auto* permutation = std::get_if<Permutation>(&layer.op)) builder.permutation(*permutation);
  if (const auto* sparse = std::get_if<Sparse>(&layer.op)) builder.sparse(*sparse);
  if (const auto* conv = std::get_if<Conv>(&layer.op)) builder.conv(*conv, false);
  if (const auto* transpose = std::get_if<ConvTranspose>(&layer.op)) builder.conv(transpose->conv, true);
}

/// 2^(sign e_i + shift)
std::vector<double> powers(const std::vector<int>& exponents, int sign, int shift) {
  std::vector<double> d(exponents.size());
  std::transform(exponents.begin(), exponents.end(), d.begin(),
                 [&](int e) { return std::ldexp(1.0, sign * e + shift); });
  return d;
}

int middle(std::vector<int> exponents) {
  const auto at = exponents.begin() + static_cast<std::ptrdiff_t>(exponents.size() / 2);
  std::nth_element(exponents.begin(), at, exponents.end());
  return *at;
}

template <class U>
View<U> rows(View<U> view, Index first, Index size) {
  return {view.data + first * view.ld, size, view.cols, view.ld};
}

}  // namespace

/// Makes the nodes and edges of a stage.
template <class T>
class LinearMap<T>::Assembly {
 public:
  Assembly(LinearMap& map, const Stage& stage, const std::vector<int>& in, const std::vector<int>& out)
      : map_(map), stage_(stage), in_(in), out_(out), shift_(middle(in)) {}

  void make() {
    count_readers();
    choose_nodes();
    for (std::size_t n = 0; n + 1 < map_.nodes_.size(); ++n) {
      for (const Reader& reader : readers_[value_of_[n]]) follow(n, reader);
    }
    order_edges();
  }

 private:
  /// A place that reads a value: input `at` of a step, or target `at` of the stage.
  struct Reader {
    std::optional<std::size_t> step;
    std::size_t at;
  };

  std::size_t values() const { return stage_.sources.size() + stage_.steps.size(); }
  const Layer& layer(std::size_t step) const { return *stage_.steps[step].layer; }
  bool joins(std::size_t step) const {
    return std::holds_alternative<Add>(layer(step).op) || std::holds_alternative<Concat>(layer(step).op);
  }

  void count_readers() {
    readers_.resize(values());
    for (std::size_t s = 0; s < stage_.steps.size(); ++s) {
      for (std::size_t i = 0; i < stage_.steps[s].from.size(); ++i)
        readers_[stage_.steps[s].from[i]].push_back({s, i});
    }
    for (std::size_t t = 0; t < stage_.targets.size(); ++t)
      readers_[stage_.targets[t]].push_back({std::nullopt, t});
  }

  /// Sources; values with several readers; sums that a layer other than a sum reads; and the output.
  void choose_nodes() {
    node_of_.assign(values(), no_node);
    Index row = 0;
    Index inner = 0;
    for (std::size_t v = 0; v < values(); ++v) {
      const bool source = v < stage_.sources.size();
      const std::size_t step = v - stage_.sources.size();
      const bool read_once = readers_[v].size() == 1;
      const bool sum_for_layer = !source && joins(step) && read_once && readers_[v].front().step &&
                                 !joins(*readers_[v].front().step);
      if (!source && (readers_[v].empty() || (read_once && !sum_for_layer))) continue;
      node_of_[v] = map_.nodes_.size();
      value_of_.push_back(v);
      const Index size = stage_.size(v);
      if (source) {
        map_.nodes_.push_back({Node::Place::input, row, size});
        row += size;
      } else {
        map_.nodes_.push_back({Node::Place::inner, inner++, size});
      }
    }
    map_.nodes_.push_back({Node::Place::output, 0, stage_.outputs});
    auto& room = map_.intermediates_->nodes;
    while (static_cast<Index>(room.size()) < inner)
      room.push_back(std::make_unique<backend::Scratch<T>>(map_.backend_));
  }

  /// The edge from a node through one of its readers, up to the next node.
  void follow(std::size_t from, Reader reader) {
    const Node& node = map_.nodes_[from];
    PathBuilder<T> builder(map_.backend_, node.size, *map_.intermediates_);
    if (node.place == Node::Place::input) {
      const auto begin = in_.begin() + node.first;
      builder.diagonal(powers({begin, begin + node.size}, -1, shift_));
    }
    double factor = 1.0;
    Index first = 0;
    Index size = node.size;
    std::size_t to = no_node;
    while (to == no_node) {
      if (!reader.step) {  // a target
        for (std::size_t t = 0; t < reader.at; ++t) first += stage_.size(stage_.targets[t]);
        const auto begin = out_.begin() + first;
        builder.diagonal(powers({begin, begin + size}, 1, -shift_));
        to = map_.nodes_.size() - 1;
        break;
      }
      const std::size_t step = *reader.step;
      if (const auto* add = std::get_if<Add>(&layer(step).op)) {
        if (!add->coefficients.empty()) factor *= add->coefficients[reader.at];
      } else if (std::holds_alternative<Concat>(layer(step).op)) {
        for (std::size_t i = 0; i < reader.at; ++i) first += stage_.size(stage_.steps[step].from[i]);
      } else {
        add_layer(builder, layer(step));
        size = stage_.steps[step].size;
      }
      const std::size_t value = stage_.sources.size() + step;
      to = node_of_[value];
      if (to == no_node && readers_[value].empty()) return;  // leads nowhere
      if (to == no_node) reader = readers_[value].front();
    }
    if (factor != 1.0) builder.diagonal(std::vector<double>(static_cast<std::size_t>(size), factor));
    map_.edges_.push_back(
        {from, to, first, false, Path<T>(map_.backend_, node.size, builder.finish(), map_.intermediates_)});
  }

  /// Edges in the order of the nodes that they lead to, and which of them add.
  void order_edges() {
    std::stable_sort(map_.edges_.begin(), map_.edges_.end(),
                     [](const Edge& a, const Edge& b) { return a.to < b.to; });
    map_.clear_.assign(map_.nodes_.size(), false);
    for (std::size_t n = 0; n < map_.nodes_.size(); ++n) {
      std::vector<char> written(static_cast<std::size_t>(map_.nodes_[n].size), 0);
      for (Edge& edge : map_.edges_) {
        if (edge.to != n) continue;
        const auto begin = written.begin() + edge.first;
        const auto end = begin + edge.path.outputs();
        const auto before = std::count(begin, end, static_cast<char>(1));
        edge.add = before > 0;
        map_.clear_[n] = map_.clear_[n] || (before > 0 && before < edge.path.outputs());
        std::fill(begin, end, static_cast<char>(1));
      }
      // rows that no edge reaches are zero
      if (map_.nodes_[n].place != Node::Place::input) {
        map_.clear_[n] =
            map_.clear_[n] || std::count(written.begin(), written.end(), static_cast<char>(0)) > 0;
      }
    }
    for (Edge& edge : map_.edges_) edge.add = edge.add || map_.clear_[edge.to];
  }

  static constexpr std::size_t no_node = std::numeric_limits<std::size_t>::max();

  LinearMap& map_;
  const Stage& stage_;
  const std::vector<int>& in_;
  const std::vector<int>& out_;
  int shift_;
  std::vector<std::vector<Reader>> readers_;  ///< of every value
  std::vector<std::size_t> node_of_;          ///< by value
  std::vector<std::size_t> value_of_;         ///< by node, but for the output
};

template <class T>
LinearMap<T>::LinearMap(Backend& backend, const Chain& chain, Index k, const Scaling& scaling,
                        std::shared_ptr<Intermediates<T>> intermediates)
    : backend_(backend),
      inputs_(at(chain.stages, k).inputs),
      outputs_(at(chain.stages, k).outputs),
      intermediates_(std::move(intermediates)) {
  const Stage& stage = at(chain.stages, k);
  const std::vector<int>& in = at(scaling.tensors, k);
  const std::vector<int> out = k < chain.depth()
                                   ? at(scaling.tensors, k + 1)
                                   : std::vector<int>(static_cast<std::size_t>(outputs_), scaling.output);
  const int shift = middle(in);
  const auto is_far = [&](int e) { return std::abs(e - shift) > far_exponent; };
  is_extreme_ = std::any_of(in.begin(), in.end(), is_far) || std::any_of(out.begin(), out.end(), is_far);
  // Exponents add up along the network, but only their change within a stage matters: both ends are shifted
  // alike, so that no factor leaves the range of a double.
  Assembly(*this, stage, in, out).make();
}

template <class T>
Path<T>* LinearMap<T>::only_path() {
  const bool one = edges_.size() == 1 && nodes_.size() == 2 && !edges_.front().path.is_identity();
  return one ? &edges_.front().path : nullptr;
}

template <class T>
std::vector<View<T>> LinearMap<T>::inner_nodes(Index cols) {
  std::vector<View<T>> views;
  for (const Node& node : nodes_) {
    const bool own = node.place == Node::Place::inner;
    views.push_back(own ? at(intermediates_->nodes, node.first)->take(node.size, cols) : View<T>());
  }
  return views;
}

template <class T>
void LinearMap<T>::apply(ConstView<T> x, View<T> y) {
  if (Path<T>* path = only_path()) {
    path->apply(x, y);
  } else {
    apply_edges(x, y);
  }
}

template <class T>
void LinearMap<T>::adjoint(ConstView<T> y, View<T> x) {
  if (Path<T>* path = only_path()) {
    path->adjoint(y, x);
  } else {
    adjoint_edges(y, x);
  }
}

template <class T>
void LinearMap<T>::adjoint_of_diagonal(const T* d, View<T> x) {
  if (Path<T>* path = only_path()) {
    path->adjoint_of_diagonal(d, x);
  } else {
    adjoint_of_diagonal_by_columns(backend_, d, x,
                                   [this](ConstView<T> from, View<T> to) { adjoint_edges(from, to); });
  }
}

template <class T>
void LinearMap<T>::apply_edges(ConstView<T> x, View<T> y) {
  auto& kernels = backend_.in<T>();
  const std::vector<View<T>> inner = inner_nodes(x.cols);
  const auto written = [&](std::size_t n) { return nodes_[n].place == Node::Place::output ? y : inner[n]; };
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (clear_[n]) kernels.clear(written(n));
  }
  for (Edge& edge : edges_) {
    const Node& node = nodes_[edge.from];
    const ConstView<T> from =
        node.place == Node::Place::input ? rows(x, node.first, node.size) : ConstView<T>(inner[edge.from]);
    const View<T> to = rows(written(edge.to), edge.first, edge.path.outputs());
    if (edge.path.is_identity()) {
      kernels.combine(T(1), from, edge.add ? T(1) : T(0), to);
    } else if (edge.add) {
      const View<T> sum = intermediates_->sum.take(to.rows, to.cols);
      edge.path.apply(from, sum);
      kernels.combine(T(1), sum, T(1), to);
    } else {
      edge.path.apply(from, to);
    }
  }
}

template <class T>
void LinearMap<T>::adjoint_edges(ConstView<T> y, View<T> x) {
  auto& kernels = backend_.in<T>();
  const std::vector<View<T>> inner = inner_nodes(y.cols);
  // node by node from the output on: what its readers make of it is complete by then
  for (std::size_t n = nodes_.size() - 1; n-- > 0;) {
    const Node& node = nodes_[n];
    const View<T> to = node.place == Node::Place::input ? rows(x, node.first, node.size) : inner[n];
    bool add = false;
    for (Edge& edge : edges_) {
      if (edge.from != n) continue;
      const ConstView<T> whole = edge.to + 1 == nodes_.size() ? y : ConstView<T>(inner[edge.to]);
      const ConstView<T> from = rows(whole, edge.first, edge.path.outputs());
      if (edge.path.is_identity()) {
        kernels.combine(T(1), from, add ? T(1) : T(0), to);
      } else if (add) {
        const View<T> sum = intermediates_->sum.take(to.rows, to.cols);
        edge.path.adjoint(from, sum);
        kernels.combine(T(1), sum, T(1), to);
      } else {
        edge.path.adjoint(from, to);
      }
      add = true;
    }
    if (!add) kernels.clear(to);  // nothing reads it
  }
}

template class LinearMap<float>;
template class LinearMap<double>;

}  // namespace geolip::operators
