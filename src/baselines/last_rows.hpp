/// \file
/// Objectives taken back through the linear layers at the network's end.
#pragma once

#include <geolip/network.hpp>

#include <problem/row.hpp>

#include <span>

#include <baselines/scaled.hpp>

namespace geolip::baselines {

/// Number of layers up to and including the last activation; 0 if there is none.
std::size_t layers_to_last_activation(const Network& network);

/// Upper bounds on |u J|, entry by entry, for each row u of `objectives` and J the matrix of all layers from
/// number `first` on, which are linear. The sums keep their signs: in a margin what the two outputs share
/// cancels.
/// \pre is_plain(network)
ScaledMatrix last_rows(const Network& network, std::size_t first, std::span<const problem::Row> objectives);

}  // namespace geolip::baselines
