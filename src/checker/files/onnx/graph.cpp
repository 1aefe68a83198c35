#include "checker/files/onnx/graph.hpp"

#include <algorithm>

namespace geolip::checker::onnx {

Graph::Graph(Shape input, Budget& budget) : budget_(budget) {
  data_.shape = std::move(input);
  data_.size = element_count(data_.shape, "the input");
  budget_.take(data_.size);
  make_new();
}

void Graph::add_dense(const std::string& name, Index rows, Index cols, std::vector<double> weight,
                      Shape result) {
  if (rows < 1 || cols < 1) throw ReadError("weight is empty");
  require_finite(weight, "weight");
  add(name, Dense{rows, cols, std::move(weight)});
  data_.size = rows;
  data_.shape = std::move(result);
  make_new();
}

void Graph::add_sparse(const std::string& name, Sparse sparse, Shape result) {
  if (sparse.rows() < 1 || sparse.rows() != element_count(result, "its result"))
    throw ReadError("weight is empty");
  require_finite(sparse.value, "weight");
  const Index rows = sparse.rows();
  add(name, std::move(sparse));
  data_.size = rows;
  data_.shape = std::move(result);
  make_new();
}

void Graph::select(const std::string& name, const std::vector<Index>& source, Shape result) {
  budget_.take(2 * static_cast<Index>(source.size()));
  bool changes = static_cast<Index>(source.size()) != data_.size;
  for (std::size_t i = 0; i < source.size(); ++i) changes = changes || source[i] != static_cast<Index>(i);
  if (!changes) {
    data_.shape = std::move(result);
    return;
  }
  Sparse sparse;
  sparse.cols = data_.size;
  std::vector<Index> labels;
  for (const Index j : source) {
    labels.push_back(j >= 0 ? data_.label(j) : new_labels(1));
    if (j >= 0) {
      sparse.column.push_back(j);
      sparse.value.push_back(1.0);
    }
    sparse.offset.push_back(static_cast<Index>(sparse.column.size()));
  }
  add_sparse(name, std::move(sparse), std::move(result));
  set_labels(Labels::list(std::move(labels)));
}

void Graph::add_join(const std::string& name, decltype(Layer::op) op, std::vector<Index> tensors,
                     Shape result) {
  if (closed_) throw ReadError("a computation follows the dropped Softmax");
  append(name, std::move(op), std::move(tensors));
  data_ = {static_cast<Index>(layers_.size()), std::move(result), 0, {}, {}, {}};
  data_.size = element_count(data_.shape, "its result");
  make_new();
}

Index Graph::settled(const std::string& name, const Data& data) {
  bool changes = false;
  for (std::size_t i = 0; i < data.source.size(); ++i)
    changes = changes || data.source[i] != static_cast<Index>(i);
  if (!changes) return data.tensor;
  budget_.take(data.size);
  append(name, Permutation{data.source}, {data.tensor});
  return static_cast<Index>(layers_.size());
}

Data Graph::in_order(const std::string& name, const Data& data) {
  budget_.take(data.size);
  std::vector<Index> labels;
  for (Index i = 0; i < data.size; ++i) labels.push_back(data.label(i));
  return {settled(name, data), data.shape, data.size, {}, {}, Labels::list(std::move(labels))};
}

Index Graph::new_labels(Index count) {
  const Index first = labels_;
  labels_ += count;
  return first;
}

void Graph::add_scale(const std::string& name, Scale scale) {
  const auto is_one = [](double s) { return s == 1.0; };
  if (closed_) throw ReadError("a computation follows the dropped Softmax");
  if (std::all_of(scale.lower.begin(), scale.lower.end(), is_one) &&
      std::all_of(scale.upper.begin(), scale.upper.end(), is_one)) {
    return;
  }
  require_finite(scale.lower, "its factor");
  require_finite(scale.upper, "its factor");
  require_finite(scale.denominator, "its factor");
  add(name, std::move(scale));
}

void Graph::add_scale(const std::string& name, double s) {
  budget_.take(2 * data_.size);
  const std::vector<double> all(static_cast<std::size_t>(data_.size), s);
  add_scale(name, Scale{all, all, {}, {}});
}

void Graph::add_slopes(const std::string& name, const std::string& activation, const Enclosure& slopes) {
  budget_.take(2 * data_.size);
  const auto n = static_cast<std::size_t>(data_.size);
  require_finite({slopes.lower, slopes.upper}, "its slope interval");
  add(name, Slopes{activation, std::vector<double>(n, slopes.lower), std::vector<double>(n, slopes.upper)});
}

void Graph::add_slopes(const std::string& name, const std::string& activation,
                       const std::vector<Enclosure>& slopes) {
  budget_.take(2 * data_.size);
  Slopes layer{activation, {}, {}};
  for (const Enclosure& s : slopes) {
    layer.lower.push_back(s.lower);
    layer.upper.push_back(s.upper);
  }
  require_finite(layer.lower, "its slope interval");
  require_finite(layer.upper, "its slope interval");
  add(name, std::move(layer));
}

void Graph::relabel(const std::string& name, const std::vector<Index>& sources) {
  budget_.take(data_.size);
  std::vector<Index> composed;
  composed.reserve(sources.size());
  for (const Index i : sources) {
    composed.push_back(data_.source.empty() ? i : data_.source[static_cast<std::size_t>(i)]);
  }
  data_.source = std::move(composed);
  data_.relabelled_by = name;
}

std::vector<Index> Graph::spread(const Tensor& constant) {
  Shape common = broadcast(data_.shape, constant.shape);
  if (element_count(common, "its result") != data_.size) {
    throw ReadError("a constant of " + shape_text(constant.shape) + " would repeat data of " +
                    shape_text(data_.shape) + ", which is not supported");
  }
  budget_.take(data_.size);
  data_.shape = std::move(common);
  return broadcast_sources(constant.shape, data_.shape);
}

std::vector<Layer> Graph::take_layers() {
  const Index tensor = settled(data_.relabelled_by, data_);
  // the output is the last tensor
  if (tensor != static_cast<Index>(layers_.size())) append("output", Concat{}, {tensor});
  return std::move(layers_);
}

void Graph::append(const std::string& name, decltype(Layer::op) op, std::vector<Index> tensors) {
  layers_.push_back({name, std::move(op), std::move(tensors)});
}

void Graph::add(const std::string& name, decltype(Layer::op) op) {
  if (closed_) throw ReadError("a computation follows the dropped Softmax");
  const Index tensor = settled(data_.relabelled_by, data_);
  append(name, std::move(op), {tensor});
  data_.source.clear();
  data_.tensor = static_cast<Index>(layers_.size());
  make_new();
}

}  // namespace geolip::checker::onnx
