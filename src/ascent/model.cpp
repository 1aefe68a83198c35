#include <ascent/model.hpp>

#include <utility>

namespace geolip::ascent {

template <class T>
Model<T>::Model(backend::Backend& backend_, const problem::Chain& chain,
                const std::vector<problem::LayerSlopes>& slopes_, const problem::Scaling& scaling,
                std::shared_ptr<operators::DenseWeights> weights)
    : backend(backend_), maps(operators::make_linear_maps<T>(backend_, chain, scaling, std::move(weights))) {
  set_slopes(slopes_);
}

template <class T>
void Model<T>::set_slopes(const std::vector<problem::LayerSlopes>& slopes_) {
  c.clear();
  h.clear();
  for (const problem::LayerSlopes& layer : slopes_) {
    c.emplace_back(backend, std::vector<T>(layer.c.begin(), layer.c.end()), layer.sets);
    h.emplace_back(backend, std::vector<T>(layer.h.begin(), layer.h.end()), layer.sets);
  }
}

template <class T>
void Model<T>::rest() {
  c.clear();
  h.clear();
  maps.front().release_memory();
}

template struct Model<float>;
template struct Model<double>;

}  // namespace geolip::ascent
