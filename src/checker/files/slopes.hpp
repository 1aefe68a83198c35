/// \file
/// The intervals that hold all difference quotients of an activation (docs/method.md, section 1).
#pragma once

#include "checker/files/enclosure.hpp"

#include <optional>
#include <string_view>

namespace geolip::checker {

/// Slopes of an activation without parameters, by its name ("relu", "gelu_tanh", ...); nothing if it is not
/// one of these.
std::optional<Enclosure> fixed_slopes(std::string_view activation);

/// x for x >= 0, slope * x otherwise.
Enclosure leaky_slopes(const Enclosure& slope);
/// x for x >= 0, alpha (exp(x) - 1) otherwise.
Enclosure elu_slopes(double alpha);
/// gamma times elu.
Enclosure selu_slopes(double alpha, double gamma);
/// max(0, min(1, alpha x + beta)).
Enclosure hard_sigmoid_slopes(double alpha);
/// min(max(x, least), most).
Enclosure clip_slopes(double least, double most);

/// Slopes of an activation that is chosen by its name for a file that has none (a leaky ReLU has the slope
/// 0.01); nothing if there is none of that name.
std::optional<Enclosure> default_slopes(std::string_view activation);

}  // namespace geolip::checker
