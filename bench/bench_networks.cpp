// Convolutional networks: time, memory and certified gap, and what the certificate was predicted to need.
//
//   bench_networks [--small] [--device NAME] [--only NAME...] [--threads N] [--time-limit S] [--most E]
//                  [--json FILE]
//
// Stacks of 3x3 convolutions on 28x28 images (2 to 16 layers of 8 to 32 channels, as in GLipSDP's study of
// their scalability), two image classifiers whose dense SDPs have the sizes that LipDiff reports (4021
// and 22529), and a ResNet-18 of an eighth of the usual width on 32x32 images. The weights are random: they change the
// constant, not the work. A network whose certificate takes more than E billion multiplications, or more memory than
// there is, is not run: its prediction alone is reported, and says what a larger machine or a GPU would be needed for.
// --small runs tiny ones, for the test suite.
#include <bench/support/environment.hpp>
#include <bench/support/program.hpp>
#include <bench/support/timed_backend.hpp>
#include <problem/chain.hpp>
#include <solve/estimate_on.hpp>

#include <geolip/error.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <stop_token>

namespace geolip::bench {
namespace {

using nlohmann::json;

/// Normal weights of He's size.
class Weights {
 public:
  std::vector<double> draw(Index count, Index inputs) {
    std::vector<double> weights(static_cast<std::size_t>(count));
    for (double& w : weights) w = normal_(engine_) * std::sqrt(2.0 / static_cast<double>(inputs));
    return weights;
  }

 private:
  std::mt19937_64 engine_{7};
  std::normal_distribution<double> normal_;
};

/// Appends a square convolution of the image of `channels` x side x side, and returns the side of its output.
Index add_conv(Network& network, Weights& weights, Index channels, Index side, Index filters, Index kernel,
               Index stride, Index pad) {
  Conv conv;
  conv.channels = channels;
  conv.image = {side, side};
  conv.filters = filters;
  conv.kernel = {kernel, kernel};
  conv.stride = {stride, stride};
  conv.pads_before = conv.pads_after = {pad, pad};
  conv.weight = weights.draw(filters * channels * kernel * kernel, channels * kernel * kernel);
  const Index result = conv.output(0);
  network.add({"conv", std::move(conv)});
  return result;
}

void add_dense(Network& network, Weights& weights, Index outputs) {
  Dense dense;
  dense.weight = Matrix(outputs, network.outputs());
  dense.weight.data = weights.draw(outputs * network.outputs(), network.outputs());
  network.add({"dense", std::move(dense)});
}

void add_relu(Network& network) { network.add({"relu", Activation(ActivationKind::relu)}); }

/// `layers` convolutions with ReLUs between them; the output is the last one's image.
Network stack(Index layers, Index channels, Index side) {
  Weights weights;
  Network network(side * side);
  for (Index l = 0; l < layers; ++l) {
    if (l > 0) add_relu(network);
    add_conv(network, weights, l == 0 ? 1 : channels, side, channels, 3, 1, 1);
  }
  return network;
}

/// 784 inputs, 16 x 14 x 14 and 100 neurons: with the constant, a dense SDP of size 4021.
Network mnist_classifier() {
  Weights weights;
  Network network(784);
  add_conv(network, weights, 1, 28, 16, 4, 2, 1);
  add_relu(network);
  add_dense(network, weights, 100);
  add_relu(network);
  add_dense(network, weights, 10);
  return network;
}

/// 3072 inputs, 16 x 32 x 32 and 48 x 8 x 8 neurons: size 22529.
Network cifar_classifier() {
  Weights weights;
  Network network(3072);
  const Index side = add_conv(network, weights, 3, 32, 16, 3, 1, 1);
  add_relu(network);
  add_conv(network, weights, 16, side, 48, 4, 4, 0);
  add_relu(network);
  add_dense(network, weights, 10);
  return network;
}

/// A residual network of four stages of two blocks, with `width` channels in the first and twice as many in each next.
Network resnet18(Index width) {
  Weights weights;
  Network network(3 * 32 * 32);
  Index side = add_conv(network, weights, 3, 32, width, 3, 1, 1);
  add_relu(network);
  Index channels = width;
  for (Index block = 0; block < 8; ++block) {
    const Index filters = width << (block / 2);
    const Index stride = filters > channels ? 2 : 1;
    const auto begin = static_cast<Index>(network.layers().size());
    const Index half = add_conv(network, weights, channels, side, filters, 3, stride, 1);
    add_relu(network);
    add_conv(network, weights, filters, half, filters, 3, 1, 1);
    const auto end = static_cast<Index>(network.layers().size());
    Index passed = begin;
    if (stride > 1) {
      Conv shortcut;
      shortcut.channels = channels;
      shortcut.image = {side, side};
      shortcut.filters = filters;
      shortcut.stride = {stride, stride};
      shortcut.weight = weights.draw(filters * channels, channels);
      passed = network.add({"shortcut", std::move(shortcut)}, {begin});
    }
    network.add({"sum", Add{}}, {passed, end});
    add_relu(network);
    channels = filters;
    side = half;
  }
  Sparse pool;
  pool.inputs = channels * side * side;
  for (Index c = 0; c < channels; ++c) {
    for (Index i = 0; i < side * side; ++i)
      pool.add(c * side * side + i, 1.0 / static_cast<double>(side * side));
    pool.end_row();
  }
  network.add({"pool", std::move(pool)});
  add_dense(network, weights, 10);
  return network;
}

Index neurons_of(const problem::Chain& chain) {
  Index sum = 0;
  for (Index k = 0; k < chain.depth(); ++k) sum += chain.neurons(k);
  return sum;
}

struct Limits {
  double multiplications;
  double seconds;
};

json run(backend::Backend& device, const std::string& name, const Network& network,
         const Objective& objective, double gap, const Limits& limits) {
  const problem::Chain chain = problem::make_chain(network);
  const Index size = network.inputs() + neurons_of(chain) + 1;
  json row{{"network", name}, {"objective", to_string(objective)}, {"sdp_size", size}, {"asked_gap", gap}};
  std::printf("%-24s %-7s SDP %6lld", name.c_str(), to_string(objective).c_str(),
              static_cast<long long>(size));
  std::fflush(stdout);
  Settings settings;
  settings.gap = gap;
  settings.verify = Verify::off;
  settings.time_limit = limits.seconds;
  std::stop_source stop;
  settings.stop = stop.get_token();
  settings.begin = [&](const std::string&, const Prediction& prediction) {
    row["predicted_bytes"] = prediction.certificate_bytes;
    row["predicted_multiplications"] = prediction.multiplications;
    std::printf("  certificate %7.2f GB %9.1f e9", prediction.certificate_bytes / 1e9,
                prediction.multiplications / 1e9);
    if (prediction.multiplications > limits.multiplications) stop.request_stop();
  };
  Watch watch;
  TimedBackend timed(device, watch);
  Result result;
  try {
    result = estimate_on(timed, network, {Norm::l2, {objective}}, settings);
  } catch (const NetworkError& error) {  // it does not fit
    row["run"] = false;
    std::printf("  not run: %s\n", error.what());
    return row;
  }
  if (result.stopped) {
    row["run"] = false;
    std::printf("  not run: too long here\n");
    return row;
  }
  const Bound& bound = result.bounds.front();
  row["run"] = true;
  row["lower"] = bound.lower;
  row["relaxation"] = bound.relaxation;
  row["upper"] = bound.upper;
  row["gap"] = bound.gap();
  row["certified"] = result.certified();
  row["iterations"] = bound.iterations;
  row["rank"] = bound.rank;
  row["seconds"] = bound.seconds.total;
  row["certificate_seconds"] = bound.seconds.certificate;
  row["ascent_seconds"] = bound.seconds.ascent;
  row["peak_bytes"] = watch.peak_bytes;
  std::printf("  %8.2f s  peak %6.2f GB  upper %.6g  gap %.1e%s\n", bound.seconds.total,
              static_cast<double>(watch.peak_bytes) / 1e9, bound.upper, bound.gap(),
              result.certified() ? "" : "  NOT CERTIFIED");
  std::fflush(stdout);
  return row;
}

int main_program(int argc, char** argv) {
  CLI::App app("Bench of convolutional networks");
  bool small = false;
  Limits limits{2000.0, 900.0};
  int threads = 0;
  std::string name_of_device = "cpu";
  std::vector<std::string> only;
  std::string file;
  app.add_flag("--small", small, "tiny networks");
  app.add_option("--device", name_of_device, "cpu, cuda or cuda:N");
  app.add_option("--threads", threads, "CPU threads, 0 for all");
  app.add_option("--time-limit", limits.seconds, "seconds for a network");
  app.add_option("--most", limits.multiplications, "billions of multiplications that a certificate may take");
  app.add_option("--only", only, "these networks only, by the names that are printed");
  app.add_option("--json", file, "write the results to this file");
  CLI11_PARSE(app, argc, argv);
  limits.multiplications *= 1e9;

  const auto device = backend::make_backend(name_of_device, threads);
  json report{{"bench", "networks"},
              {"environment", environment()},
              {"threads", threads},
              {"device", device->name()}};
  json& rows = report["networks"] = json::array();
  const auto add = [&](const std::string& name, const Network& network, const Objective& objective,
                       double gap = 1e-3) {
    rows.push_back(run(*device, name, network, objective, gap, limits));
    write_report(file, report);  // what there is, should the bench be ended
  };
  const auto wanted = [&](const std::string& name) {
    return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
  };
  const Index side = small ? 6 : 28;
  for (const Index channels : small ? std::vector<Index>{2} : std::vector<Index>{8, 16, 32}) {
    for (const Index layers : small ? std::vector<Index>{2, 3} : std::vector<Index>{2, 4, 8, 16}) {
      const std::string name = "stack " + std::to_string(layers) + " x " + std::to_string(channels);
      if (wanted(name)) add(name, stack(layers, channels, side), Objective::vector());
    }
  }
  if (!small) {
    const std::string mnist = "mnist classifier";
    const std::string cifar = "cifar classifier";
    if (wanted(mnist)) add(mnist, mnist_classifier(), Objective::output(0));
    if (wanted(cifar)) add(cifar, cifar_classifier(), Objective::output(0));
    const std::string resnet = "resnet18 of width 8";
    if (wanted(resnet)) add(resnet, resnet18(8), Objective::output(0), 1e-2);
  }
  return 0;
}

}  // namespace
}  // namespace geolip::bench

int main(int argc, char** argv) {
  return geolip::bench::run_program("bench_networks", geolip::bench::main_program, argc, argv);
}
