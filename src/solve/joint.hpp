/// \file
/// l_1: one certificate that bounds many input coordinates well.
#pragma once

#include <solve/batch.hpp>

#include <optional>
#include <vector>

namespace geolip::solve {

/// The coordinates of a joint problem that a session has room for.
Index most_joint_coordinates(const Session& session);

/// Multipliers that serve all of `coordinates` (docs/method.md, (M34)), and what they prove for every input
/// coordinate, these or not; nothing if they prove nothing, or nobody waits for it any more. A joint bound
/// lies above those of the coordinates by themselves, but one ascent and one certificate take the place of
/// theirs. A time limit that passes meanwhile ends the ascent, not the certificate in the making.
/// \param row objective of the problem, scaled
/// \param coordinates at least one and at most most_joint_coordinates()
std::optional<certificate::Certificate> joint_certificate(Session& session, const problem::Problem& row,
                                                          const std::vector<Index>& coordinates);

}  // namespace geolip::solve
