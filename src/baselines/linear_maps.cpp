#include "baselines/linear_maps.hpp"

#include <geolip/error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "baselines/eigen_view.hpp"
#include "baselines/scaled.hpp"

namespace geolip::baselines {
namespace {

/// y_i = scale_i (W x)_{source_i}, |y| to be bounded: scales are nonnegative and rounded up.
/// Without a weight, W is the identity.
struct Piece {
  const Matrix* weight = nullptr;
  Eigen::VectorXd scale;
  std::vector<Index> source;

  Piece(const Matrix* w, Index size)
      : weight(w), scale(Eigen::VectorXd::Ones(size)), source(static_cast<std::size_t>(size)) {
    std::iota(source.begin(), source.end(), Index{0});
  }
};

double magnitude(const SlopeInterval& s) { return std::max(std::abs(s.lower), std::abs(s.upper)); }

/// Collects the pieces of a network, layer by layer.
class Collector {
 public:
  Collector(Index inputs, const SlopeOverride* slopes) : slopes_(slopes) {
    pieces_.emplace_back(nullptr, inputs);
  }

  void operator()(const Dense& dense) { pieces_.emplace_back(&dense.weight, dense.weight.rows); }

  void operator()(const Affine& affine) {
    Eigen::VectorXd& scale = pieces_.back().scale;
    for (Index i = 0; i < scale.size(); ++i) {
      scale(i) = multiply_up(scale(i), std::abs(affine.scale[static_cast<std::size_t>(i)]));
    }
  }

  void operator()(const Permutation& permutation) {
    Piece& last = pieces_.back();
    const Piece before = last;
    for (Index i = 0; i < last.scale.size(); ++i) {
      const Index from = permutation.source[static_cast<std::size_t>(i)];
      last.scale(i) = before.scale(from);
      last.source[static_cast<std::size_t>(i)] = before.source[static_cast<std::size_t>(from)];
    }
  }

  void operator()(const Activation& activation) {
    Eigen::VectorXd& scale = pieces_.back().scale;
    const std::vector<SlopeInterval>* given = next_override(scale.size());
    for (Index i = 0; i < scale.size(); ++i) {
      const SlopeInterval s =
          given != nullptr ? (*given)[static_cast<std::size_t>(i)] : slope_interval(activation, i);
      scale(i) = multiply_up(scale(i), magnitude(s));
    }
  }

  template <class Op>
  void operator()(const Op&) {
    throw std::logic_error("only plain networks are a chain of matrices");
  }

  /// Throws QueryError if slopes are given for layers that the network does not have.
  void check_all_slopes_used() const {
    if (slopes_ != nullptr && activations_ != slopes_->layers.size()) {
      throw QueryError("slopes: they are given for " + std::to_string(slopes_->layers.size()) +
                       " activation layers but the network has " + std::to_string(activations_));
    }
  }

  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  /// The overriding slopes of the next activation layer, or null.
  const std::vector<SlopeInterval>* next_override(Index neurons) {
    if (slopes_ == nullptr) return nullptr;
    const std::size_t index = activations_++;
    if (index >= slopes_->layers.size()) {
      throw QueryError("slopes: they are given for " + std::to_string(slopes_->layers.size()) +
                       " activation layers but the network has more");
    }
    const std::vector<SlopeInterval>& layer = slopes_->layers[index];
    if (static_cast<Index>(layer.size()) != neurons) {
      throw QueryError("slopes: activation layer " + std::to_string(index) + " has " +
                       std::to_string(neurons) + " neurons but " + std::to_string(layer.size()) +
                       " intervals are given");
    }
    for (const SlopeInterval& s : layer) {
      if (!(std::isfinite(s.lower) && std::isfinite(s.upper) && s.lower <= s.upper)) {
        throw QueryError("slopes: activation layer " + std::to_string(index) +
                         " has an interval that is empty or not finite");
      }
    }
    return &layer;
  }

  const SlopeOverride* slopes_;
  std::size_t activations_ = 0;
  std::vector<Piece> pieces_;
};

/// The piece's matrix, after the column scales and sources of `front`.
LinearMap assemble(const Piece& piece, const Piece& front) {
  // Each factor is normalised before they meet, so that nothing overflows.
  Eigen::MatrixXd rows = piece.scale;
  Eigen::MatrixXd columns = front.scale;
  const int row_exponent = largest_exponent(rows);
  const int column_exponent = largest_exponent(columns);
  scale_by_power(rows, -row_exponent);
  scale_by_power(columns, -column_exponent);
  Eigen::MatrixXd weight = piece.weight != nullptr ? Eigen::MatrixXd(view(*piece.weight))
                                                   : Eigen::MatrixXd::Identity(rows.rows(), columns.rows());
  const int weight_exponent = largest_exponent(weight);
  scale_by_power(weight, -weight_exponent);

  LinearMap map;
  if (!rows.allFinite() || !columns.allFinite()) {
    // Scales beyond the double range: the bound becomes infinity.
    map.values.setConstant(rows.rows(), columns.rows(), std::numeric_limits<double>::infinity());
    return map;
  }
  map.exponent = std::int64_t{row_exponent} + column_exponent + weight_exponent;
  map.values.resize(rows.rows(), columns.rows());
  for (Eigen::Index j = 0; j < columns.rows(); ++j) {
    const Index to = front.source[static_cast<std::size_t>(j)];
    for (Eigen::Index i = 0; i < rows.rows(); ++i) {
      const double w = weight(piece.source[static_cast<std::size_t>(i)], j);
      const double entry = rows(i) * w * columns(j);
      // An entry that underflows must not pass for a zero.
      const bool zero = rows(i) == 0.0 || w == 0.0 || columns(j) == 0.0;
      map.values(i, to) = entry != 0.0 || zero ? entry : std::numeric_limits<double>::denorm_min();
    }
  }
  const int e = largest_exponent(map.values);
  scale_by_power(map.values, -e);
  raise_tiny(map.values);
  map.exponent += e;
  return map;
}

}  // namespace

std::vector<LinearMap> linear_maps(const Network& network, std::size_t layers, const SlopeOverride* slopes) {
  Collector collect(network.inputs(), slopes);
  for (std::size_t l = 0; l < layers; ++l) {
    std::visit(collect, network.layers()[l].op);
  }
  collect.check_all_slopes_used();
  const std::vector<Piece>& pieces = collect.pieces();
  std::vector<LinearMap> maps;
  if (pieces.size() == 1) {
    if (layers > 0) maps.push_back(assemble(pieces[0], Piece(nullptr, network.inputs())));
    return maps;
  }
  maps.push_back(assemble(pieces[1], pieces[0]));
  for (std::size_t k = 2; k < pieces.size(); ++k) {
    maps.push_back(assemble(pieces[k], Piece(nullptr, pieces[k].weight->cols)));
  }
  return maps;
}

}  // namespace geolip::baselines
