/// \file
/// The library's main entry.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>
#include <geolip/result.hpp>
#include <geolip/settings.hpp>

namespace geolip {

/// Bounds the formal global Lipschitz constant of every objective of the query (docs/method.md).
/// All objectives are solved together, as columns of the same matrix products.
///
/// An objective without an upper bound in the range of double has status `failed`, and the others their bounds.
/// Throws QueryError if the query or a setting makes no sense for this network, NetworkError if the device's
/// memory does not suffice for it, NumericalError if a device fails. Never prints, never exits.
Result estimate(const Network& network, const Query& query, const Settings& settings = {});

}  // namespace geolip
