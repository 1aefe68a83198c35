/// \file
/// The low-rank ascent: a mixing method whose sweep is a forward and a backward pass (docs/method.md, section
/// 3).
#pragma once

#include <ascent/model.hpp>
#include <backend/buffer.hpp>
#include <network/at.hpp>
#include <problem/problem.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace geolip::ascent {

/// What the last sweep of one problem left, and multipliers are made of: the norms |G_k| and rho_k of every layer and
/// |G_0| of the input (M10).
struct SweepNorms {
  std::vector<std::vector<double>> g;    ///< layer by layer, one entry a neuron
  std::vector<std::vector<double>> rho;  ///< likewise
  std::vector<double> input;             ///< l_inf: one entry an input; l_2: one entry
  double value = 0.0;                    ///< objective of the last forward pass
};

/// An activation pattern: for each layer the slope c - h or c + h of every neuron.
using Pattern = std::vector<std::vector<double>>;

enum class Release { no, yes };

/// The state of a batch of problems on one model. Problem b owns rank(b) columns of every matrix. A joint
/// problem of l_1 is alone in its state, and each of its coordinates owns an equal share of the columns.
template <class T>
class Ascent {
 public:
  /// Random unit vectors, which depend on `seed` and the problem's `id` alone.
  Ascent(Model<T>& model, const std::vector<problem::Problem>& problems, std::vector<Index> ids, Index rank,
         std::uint64_t seed);

  /// Problems `keep` (positions in `old`) of another state, in either arithmetic, with ranks raised to
  /// `ranks`. New columns start as small random numbers. Release::yes frees the old state's memory block by
  /// block as the new one is made, and leaves it unusable.
  template <class From>
  Ascent(Model<T>& model, Ascent<From>& old, const std::vector<Index>& keep, const std::vector<Index>& ranks,
         std::uint64_t seed, Release release);

  /// Rank-one starts: for each problem `which` of `source`, `starts` problems of rank one whose unit vectors
  /// are the signs of the source's along random directions. Start 0 of a problem uses the fixed unit vector e
  /// itself.
  static Ascent rounded(Ascent& source, const std::vector<Index>& which, Index starts, std::uint64_t seed);

  /// One forward and one backward pass for all problems. The backend may play back an earlier one.
  void sweep();
  /// To be called where the model's maps have changed: the next sweep is no repetition of earlier ones.
  void forget_sweeps() { sweeps_.reset(); }
  /// Whether sweeps are by now played back.
  bool is_recorded() const { return sweeps_ != nullptr && sweeps_->is_recorded(); }
  /// Forward pass alone; values() then belongs to the present point.
  void forward() { forward({}); }

  Index problems() const { return static_cast<Index>(problems_.size()); }
  const problem::Problem& problem(Index b) const { return at(problems_, b); }
  /// Which problem of the batch that the caller numbered this is.
  Index id(Index b) const { return at(ids_, b); }
  Index rank(Index b) const { return at(offset_, b + 1) - at(offset_, b); }
  Index columns() const { return offset_.back(); }

  /// Objective of each problem at the last forward pass, and the largest since the state was made.
  /// Synchronises.
  std::vector<double> values() const { return value_.download(); }
  std::vector<double> best_values() const { return best_.download(); }
  /// Objectives of the problems `which` at the present point, evaluated in float64 on the same network.
  /// Synchronises.
  std::vector<double> values64(Model<double>& exact, const std::vector<Index>& which);
  /// Norms of every problem after a sweep; a state made by rounded() has none. Synchronises.
  std::vector<SweepNorms> norms() const;
  /// Largest root mean square of rho over the problems, for each layer, of its first rows[k] rows.
  /// Synchronises.
  std::vector<double> layer_sizes(const std::vector<Index>& rows) const;
  /// Activation patterns of the problems `which`, all of rank one, at the last forward pass. Synchronises.
  std::vector<Pattern> patterns(const std::vector<Index>& which,
                                const std::vector<problem::LayerSlopes>& slopes) const;

 private:
  template <class From>
  friend class Ascent;

  struct UnitVectors {
    backend::Buffer<T> s;  // empty: as s_hat
    backend::Buffer<T> s_hat;
    backend::Buffer<T> g;
  };

  Ascent(Model<T>& model, std::vector<problem::Problem> problems, std::vector<Index> ids,
         std::vector<std::int32_t> offset);

  /// Where each problem's columns begin, and their number at the end.
  static std::vector<std::int32_t> make_offsets(const std::vector<Index>& ranks);
  static std::vector<T> random_directions(const problem::Problem& problem, Index id, Index rank, Index starts,
                                          std::uint64_t seed);
  void set_up_problems();
  void set_up_columns();
  backend::Buffer<double> widen(const backend::Buffer<T>& block,
                                const backend::Buffer<std::int32_t>& index) const;
  void apply_first(backend::ConstView<T> x, backend::View<T> w);
  void adjoint_first(backend::ConstView<T> w, backend::View<T> x);
  void allocate_scalars();
  UnitVectors make_input() const;
  UnitVectors make_layer(Index n) const;
  UnitVectors make_block(Index n, Index norms) const;
  void normalise();
  void forward(const kernels::History& history);
  void backward();
  backend::Columns layout() const;
  backend::Columns first_layout() const;
  const problem::Ball& ball() const { return problems_.front().ball; }  // all have the same norm
  Index input_rows() const { return ball().rows(model_->maps.front().inputs()); }
  bool joint() const { return ball().is_joint(); }
  bool l1() const { return ball().norm == Norm::l1; }
  backend::RowState<T> rows(UnitVectors& block, bool as_ball = false) const {
    return {signs_ ? block.s_hat.view() : block.s.view(), block.s_hat.view(), block.g.view(), as_ball};
  }
  /// Whether the whole input is one unit vector.
  bool one_input() const { return ball().norm != Norm::linf; }

  Model<T>* model_;
  bool signs_ = false;  // made by rounded(): what multipliers and momentum alone need is not kept
  std::vector<problem::Problem> problems_;
  std::vector<Index> ids_;
  std::vector<std::int32_t> offset_;

  backend::Buffer<std::int32_t> offset_device_;
  backend::Buffer<std::int32_t> slope_;
  backend::Buffer<std::int32_t> vector_;
  backend::Buffer<double> u_;                   // outputs x problems
  backend::Buffer<T> a_;                        // l_1: each coordinate's column of the first map
  backend::Buffer<std::int32_t> first_offset_;  // joint: where each coordinate's columns begin
  backend::Buffer<T> row_;                      // joint: u'
  backend::Buffer<T> along_;                    // joint: u'Y
  backend::Buffer<T> along_gradient_;           // joint: the gradient there
  backend::Buffer<kernels::Momentum> momentum_;
  backend::Buffer<double> value_;
  backend::Buffer<double> best_;

  UnitVectors input_;                  // X
  std::vector<UnitVectors> layers_;    // s_k
  std::vector<backend::Buffer<T>> w_;  // W_k V_{k-1}
  std::vector<backend::Buffer<T>> rho_;
  backend::Buffer<T> even_;  // V_k and G_k for even k, rows for the widest
  backend::Buffer<T> odd_;

  std::unique_ptr<backend::Repetition> sweeps_;
};

extern template class Ascent<float>;
extern template class Ascent<double>;

}  // namespace geolip::ascent
