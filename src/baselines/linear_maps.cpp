#include <baselines/linear_maps.hpp>

#include <geolip/error.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <baselines/eigen_view.hpp>
#include <baselines/scaled.hpp>

namespace geolip::baselines {
namespace {

/// y_i = scale_i (W x)_{source_i}, |y| to be bounded: scales are nonnegative and rounded up.
/// Without a weight, W is the identity.
struct Piece {
  const Matrix* weight = nullptr;
  std::vector<Scaled> scale;
  std::vector<Index> source;

  Piece(const Matrix* w, Index size)
      : weight(w), scale(static_cast<std::size_t>(size)), source(static_cast<std::size_t>(size)) {
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
    std::vector<Scaled>& scale = pieces_.back().scale;
    for (std::size_t i = 0; i < scale.size(); ++i)
      scale[i] = multiply_up(scale[i], Scaled{std::abs(affine.scale[i]), 0});
  }

  void operator()(const Permutation& permutation) {
    Piece& last = pieces_.back();
    const Piece before = last;
    for (std::size_t i = 0; i < last.scale.size(); ++i) {
      const auto from = static_cast<std::size_t>(permutation.source[i]);
      last.scale[i] = before.scale[from];
      last.source[i] = before.source[from];
    }
  }

  void operator()(const Activation& activation) {
    std::vector<Scaled>& scale = pieces_.back().scale;
    const std::vector<SlopeInterval>* given = next_override(static_cast<Index>(scale.size()));
    for (std::size_t i = 0; i < scale.size(); ++i) {
      const SlopeInterval s =
          given != nullptr ? (*given)[i] : slope_interval(activation, static_cast<Index>(i));
      scale[i] = multiply_up(scale[i], Scaled{magnitude(s), 0});
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
ScaledMatrix assemble(const Piece& piece, const Piece& front) {
  std::vector<std::size_t> from(front.source.size());  // which column of the weight each input meets
  for (std::size_t j = 0; j < from.size(); ++j) at(from, front.source[j]) = j;
  return balanced(static_cast<Eigen::Index>(piece.scale.size()),
                  static_cast<Eigen::Index>(front.scale.size()), [&](Eigen::Index i, Eigen::Index to) {
                    const auto own = static_cast<std::size_t>(i);
                    const std::size_t j = at(from, to);
                    const auto column = static_cast<Index>(j);
                    const double identity = piece.source[own] == column ? 1.0 : 0.0;
                    const Scaled w = normalised(
                        {piece.weight != nullptr ? (*piece.weight)(piece.source[own], column) : identity, 0});
                    return Scaled{piece.scale[own].value * w.value * front.scale[j].value,
                                  piece.scale[own].exponent + w.exponent + front.scale[j].exponent};
                  });
}

}  // namespace

std::vector<ScaledMatrix> linear_maps(const Network& network, std::size_t layers,
                                      const SlopeOverride* slopes) {
  Collector collect(network.inputs(), slopes);
  for (std::size_t l = 0; l < layers; ++l) {
    std::visit(collect, network.layers()[l].op);
  }
  collect.check_all_slopes_used();
  const std::vector<Piece>& pieces = collect.pieces();
  std::vector<ScaledMatrix> maps;
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
