// Bounds a small network that is built in memory and prints the progress of the work.
// With an argument: the network of that file instead.
#include <geolip/error.hpp>
#include <geolip/estimate.hpp>
#include <geolip/io.hpp>
#include <geolip/version.hpp>

#include <cstdio>
#include <exception>

namespace {

// y = (1 -2 3; 0.5 1 -1) relu((1 2; -1 1; 0.5 -3) x)
geolip::Network small_network() {
  geolip::Dense hidden;
  hidden.weight = geolip::Matrix(3, 2);
  hidden.weight.data = {1.0, 2.0, -1.0, 1.0, 0.5, -3.0};
  geolip::Dense output;
  output.weight = geolip::Matrix(2, 3);
  output.weight.data = {1.0, -2.0, 3.0, 0.5, 1.0, -1.0};

  geolip::Network network(2);
  network.add({"hidden", hidden});
  network.add({"relu", geolip::Activation(geolip::ActivationKind::relu)});
  network.add({"output", output});
  return network;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const geolip::Network network = argc > 1 ? geolip::read_network(argv[1]).network : small_network();

    geolip::Query query;
    query.norm = geolip::Norm::linf;
    query.objectives = geolip::parse_objectives("all", network.outputs());

    geolip::Settings settings;
    settings.observer = [](const geolip::Progress& p) {
      std::fprintf(stderr, "sweep %lld: %lld of %lld certified\n", static_cast<long long>(p.iteration),
                   static_cast<long long>(p.certified), static_cast<long long>(p.problems));
    };

    const geolip::Result result = geolip::estimate(network, query, settings);
    std::printf("geolip %s on %s\n", geolip::version, result.device.c_str());
    for (const geolip::Bound& bound : result.bounds) {
      std::printf("output %s: %.6f <= FGL <= %.6f\n", geolip::to_string(bound.objective).c_str(), bound.lower,
                  bound.upper);
    }
    return result.certified() ? 0 : 4;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "consumer: %s\n", e.what());
    return 1;
  }
}
