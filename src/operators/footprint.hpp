/// \file
/// What linear maps take in a backend's memory, found from sizes alone.
#pragma once

#include <problem/chain.hpp>

#include <cstddef>
#include <vector>

namespace geolip::operators {

using problem::Chain;
using problem::Stage;
using problem::Step;
/// Numbers that a stage's LinearMap keeps for each column of a batch while it is applied: those of
/// Intermediates, at the most.
struct StageRoom {
  Index largest = 0;         ///< of any of its values: what `even`, `odd` and `sum` have to hold
  bool sums = false;         ///< whether `sum` is used
  std::vector<Index> nodes;  ///< of each inner node
  Index unfolded = 0;        ///< of one position of a convolution's unfolded image
};

StageRoom room_of(const Stage& stage);

/// The room of several stages whose batches have different numbers of columns: Intermediates' memory, at the
/// most, after all of them.
class SharedRoom {
 public:
  /// `unfolded`: entries of unfolded images that there is room for in any case, most_unfolded().
  explicit SharedRoom(Index unfolded) : least_unfolded_(unfolded) {}

  /// Some columns went through a stage with this room.
  void take(const StageRoom& room, double columns);
  /// Numbers that there is memory for now.
  double numbers() const;

 private:
  Index least_unfolded_;
  double even_or_odd_ = 0.0;
  double sum_ = 0.0;
  double unfolded_ = 0.0;
  std::vector<double> nodes_;
};

/// Bytes of a chain's maps with numbers of `size` bytes. `borrows`: dense weights are used where they lie,
/// and not counted.
double map_bytes(const Chain& chain, std::size_t size, bool borrows);

/// Neurons of the widest layer; 1 for a chain without any.
Index widest_layer(const Chain& chain);

/// Entries of the largest dense layer's weights: what has to be there while weights pass through a device.
double largest_dense(const Chain& chain);

}  // namespace geolip::operators
