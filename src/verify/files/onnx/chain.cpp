#include "verify/files/onnx/chain.hpp"

#include <algorithm>

namespace geolip::verify::onnx {

Chain::Chain(Shape input, Budget& budget)
    : budget_(budget), shape_(std::move(input)), size_(element_count(shape_, "the input")) {
  budget_.take(size_);
}

void Chain::add_dense(const std::string& name, Index rows, Index cols, std::vector<double> weight,
                      Shape result) {
  if (rows < 1 || cols < 1) throw ReadError("weight is empty");
  require_finite(weight, "weight");
  add(name, Dense{rows, cols, std::move(weight)});
  size_ = rows;
  shape_ = std::move(result);
}

void Chain::add_scale(const std::string& name, Scale scale) {
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

void Chain::add_scale(const std::string& name, double s) {
  budget_.take(2 * size_);
  const std::vector<double> all(static_cast<std::size_t>(size_), s);
  add_scale(name, Scale{all, all, {}, {}});
}

void Chain::add_slopes(const std::string& name, const std::string& activation, const Enclosure& slopes) {
  budget_.take(2 * size_);
  const auto n = static_cast<std::size_t>(size_);
  require_finite({slopes.lower, slopes.upper}, "its slope interval");
  add(name, Slopes{activation, std::vector<double>(n, slopes.lower), std::vector<double>(n, slopes.upper)});
}

void Chain::add_slopes(const std::string& name, const std::string& activation,
                       const std::vector<Enclosure>& slopes) {
  budget_.take(2 * size_);
  Slopes layer{activation, {}, {}};
  for (const Enclosure& s : slopes) {
    layer.lower.push_back(s.lower);
    layer.upper.push_back(s.upper);
  }
  require_finite(layer.lower, "its slope interval");
  require_finite(layer.upper, "its slope interval");
  add(name, std::move(layer));
}

void Chain::relabel(const std::string& name, const std::vector<Index>& sources) {
  budget_.take(size_);
  std::vector<Index> composed;
  composed.reserve(sources.size());
  for (const Index i : sources) {
    composed.push_back(source_.empty() ? i : source_[static_cast<std::size_t>(i)]);
  }
  source_ = std::move(composed);
  relabelled_by_ = name;
}

std::vector<Index> Chain::spread(const Tensor& constant) {
  Shape common = broadcast(shape_, constant.shape);
  if (element_count(common, "its result") != size_) {
    throw ReadError("a constant of " + shape_text(constant.shape) + " would repeat data of " +
                    shape_text(shape_) + ", which is not supported");
  }
  budget_.take(size_);
  shape_ = std::move(common);
  return broadcast_sources(constant.shape, shape_);
}

std::vector<Layer> Chain::take_layers() {
  place_relabelling();
  return std::move(layers_);
}

void Chain::place_relabelling() {
  bool changes = false;
  for (std::size_t i = 0; i < source_.size(); ++i) changes = changes || source_[i] != static_cast<Index>(i);
  if (changes) layers_.push_back({relabelled_by_, Permutation{source_}});
  source_.clear();
}

void Chain::add(const std::string& name, decltype(Layer::op) op) {
  if (closed_) throw ReadError("a computation follows the dropped Softmax");
  place_relabelling();
  layers_.push_back({name, std::move(op)});
}

}  // namespace geolip::verify::onnx
