/// \file
/// A network as the algorithms see it: linear maps between layers of neurons.
#pragma once

#include <geolip/network.hpp>

#include <vector>

namespace geolip::problem {

/// One linear layer of a stage. The values of a stage are numbered: first the blocks of its input, then what
/// its steps make, in their order.
struct Step {
  const Layer* layer = nullptr;
  std::vector<std::size_t> from;  ///< the values that it reads
  Index size = 0;                 ///< coordinates of the value that it makes
};

/// The linear layers between two layers of neurons (or between the input or output and the nearest one).
/// Biases and shifts play no part in any of the sweeps.
struct Stage {
  std::vector<Index> sources;        ///< sizes of the blocks of its input
  std::vector<Step> steps;           ///< may be empty (the identity); each reads values before its own
  std::vector<std::size_t> targets;  ///< the values that stand below each other in its output
  Index inputs = 0;
  Index outputs = 0;

  Index size(std::size_t value) const {
    return value < sources.size() ? sources[value] : steps[value - sources.size()].size;
  }
  /// Neighbouring rows of a value that belong to one channel of an image, as far as convolutions, factors and
  /// sums tell it; 1 where they do not.
  Index channel_size(std::size_t value) const;
  /// The dense layer whose outputs are the stage's own; null where it ends in anything else.
  const Dense* last_dense() const;
  /// Whether its layers follow each other, from its one block of inputs to its one block of outputs.
  bool is_chain() const;
};

/// Rows of a layer that belong together: the neurons of one activation, or a tensor that passes by because a
/// later stage reads it. What passes by is a block of neurons whose slope is 1.
struct Block {
  const Activation* activation = nullptr;  ///< null: it passes by
  Index number = -1;                       ///< which activation of the network, in the order of its layers
  Index first = 0;                         ///< its first row
  Index neurons = 0;                       ///< its number of rows
  Index copy_of = -1;  ///< the block of the layer below that it is a copy of, if it is one
};

/// Stages 1 .. L end in a layer of neurons; the last stage leads to the output. The network must outlive the
/// chain.
struct Chain {
  Index inputs = 0;
  std::vector<Stage> stages;               ///< L + 1 stages
  std::vector<std::vector<Block>> layers;  ///< L layers: activations first, then what passes by
  std::vector<Index> activation_sizes;     ///< neurons of every activation of the network

  Index depth() const { return static_cast<Index>(layers.size()); }
  /// Rows of layer k (from 0) that are neurons of activations; they come first.
  Index neurons(Index k) const;
  /// Neurons of the widest layer; 1 if there is none.
  Index widest() const;
  /// Whether tensors pass by in some layer.
  bool passes_by() const;
};

/// The network's layers in stages. Activations of the same depth share a layer; of the ways to share them out
/// that are known, the one whose layers take the fewest multiplications to eliminate is taken.
Chain make_chain(const Network& network);

/// The chain with the outputs `first` .. `first + count - 1` alone. `end` becomes the layer that its last stage
/// ends in, and must outlive it.
Chain with_outputs(const Chain& chain, Index first, Index count, Layer& end);

/// Multiplications of one column's way through a stage.
double multiplications(const Stage& stage);

}  // namespace geolip::problem
