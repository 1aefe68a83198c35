#include <ascent/footprint.hpp>

#include <operators/footprint.hpp>
#include <operators/linear_operator.hpp>

#include <algorithm>

namespace geolip::ascent {

StateBytes state_bytes(const problem::Chain& chain, Norm norm, bool on_host) {
  constexpr auto real = static_cast<double>(sizeof(double));
  const auto input = static_cast<double>(norm == Norm::l1 ? 1 : chain.inputs);
  const auto outputs = static_cast<double>(chain.stages.back().outputs);
  operators::SharedRoom none(operators::most_unfolded(on_host));
  operators::SharedRoom one(0);
  double layers = 0.0;
  double widest = std::max(input, outputs);
  for (const problem::Stage& stage : chain.stages) {
    none.take(operators::room_of(stage), 0.0);
    one.take(operators::room_of(stage), 1.0);
    layers += static_cast<double>(stage.outputs);
    widest = std::max(widest, static_cast<double>(stage.outputs));
  }
  layers -= outputs;
  StateBytes bytes;
  bytes.fixed = real * none.numbers();
  // s and s_hat of all blocks, w of the layers, the two buffers of a sweep, and four more for an evaluation
  bytes.column = real * (2.0 * input + 3.0 * layers + 6.0 * widest + one.numbers());
  // norms |G| and rho; the objective's row; momentum, values and the like; l_1: a column of the first map
  const double first = norm == Norm::l1 ? static_cast<double>(chain.stages.front().outputs) : 0.0;
  constexpr double scalars = 16.0;
  bytes.problem = real * (input + 2.0 * layers + outputs + first + scalars);
  return bytes;
}

}  // namespace geolip::ascent
