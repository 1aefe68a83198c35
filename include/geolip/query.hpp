/// \file
/// What is asked of a network: a norm and a list of objectives.
#pragma once

#include <geolip/network.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace geolip {

/// The norm p in which the input moves. The gradient is measured in the dual norm q, 1/p + 1/q = 1.
enum class Norm { linf, l2, l1 };

std::string_view to_string(Norm norm);
/// Reads "linf", "l2" or "l1"; throws QueryError otherwise.
Norm norm_from_name(std::string_view name);

/// Slope intervals that replace those of the activation functions, for every neuron of the network:
/// one vector an activation layer in the network's order, one interval a neuron. Neurons whose
/// interval is a point are folded exactly. Used for local bounds: where interval arithmetic over an
/// input region proves neurons always on or always off.
struct SlopeOverride {
  std::vector<std::vector<SlopeInterval>> layers;
};

/// One quantity to bound.
struct Objective {
  enum class Kind {
    output,  ///< output `k`
    margin,  ///< output `k` minus output `j`
    row,     ///< <row, f>
    vector   ///< the whole output vector. l2: spectral norm of the Jacobian. linf: maximum over rows,
             ///< the l_inf -> l_inf operator norm
  };
  Kind kind = Kind::output;
  Index k = 0;                          ///< output index from 0 (output, margin)
  Index j = 0;                          ///< output index from 0 that is subtracted (margin)
  std::vector<double> row;              ///< coefficients, one an output (row)
  std::optional<SlopeOverride> slopes;  ///< slope intervals of this objective alone

  static Objective output(Index k);
  static Objective margin(Index k, Index j);
  static Objective weighted(std::vector<double> row);
  static Objective vector();
};

/// "3", "3-5", "row" or "vector".
std::string to_string(const Objective& objective);

/// A norm and the objectives to bound in it. All objectives of a query are solved as one batch.
struct Query {
  Norm norm = Norm::l2;
  std::vector<Objective> objectives;
};

/// Reads the command's --outputs: "all", "K", "K-J", "pairs" (every ordered pair K-J, K < J), "vector",
/// or a comma-separated list of such. Throws QueryError, naming the part at fault, if one is none of
/// these, names an output beyond `outputs`, or makes the list longer than could be bounded at once.
std::vector<Objective> parse_objectives(std::string_view text, Index outputs);

}  // namespace geolip
