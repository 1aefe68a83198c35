// Large networks on one device or another: whole estimates, and sweeps against their own matrix products.
//
//   bench_scale [--device NAME]... [--width N]... [--depth N]... [--outputs N]... [--norm NAME]...
//               [--gap G] [--time-limit S] [--cpu-weights N] [--one-queue] [--json FILE] [--small]
//
// All combinations run, each on every device; the CPU leaves out networks of more than --cpu-weights weights.
// A sweep's products are run again by themselves, on the same matrices and as often, so that the ratio does
// not depend on what else the machine does, and their speed is set beside that of one large product.
// --one-queue: certificates one after the other, to see what several at a time are worth. --small: sizes that
// only show that it runs.
#include <ascent/ascent.hpp>
#include <bench/support/environment.hpp>
#include <bench/support/program.hpp>
#include <bench/support/random_network.hpp>
#include <bench/support/timed_backend.hpp>
#include <solve/estimate_on.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

namespace geolip::bench {
namespace {

using nlohmann::json;

constexpr int parts = 7;
constexpr int timed_runs = 8;
constexpr int warm_up = 2;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> x) {
  std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
  return x[x.size() / 2];
}

struct Options {
  std::vector<std::string> devices{"cpu"};
  std::vector<Index> widths{1024};
  std::vector<Index> depths{4};
  std::vector<Index> outputs{1, 10};
  std::vector<std::string> norms{"linf", "l2"};
  double gap = 1e-3;
  double time_limit = 60.0;
  double cpu_weights = 1e8;
  bool one_queue = false;
  std::string file;
};

/// Operations a second of a float32 product that is large enough to keep a device busy: the best of a few.
double product_peak(backend::Backend& backend, bool small) {
  const Index n = small ? 64 : (backend.shares_host_memory() ? 2048 : 8192);
  const Index columns = n / 2;
  backend::Buffer<float> a(backend, n, n);
  backend::Buffer<float> x(backend, n, columns);
  backend::Buffer<float> y(backend, n, columns);
  const backend::Buffer<std::int32_t> all(backend, std::vector<std::int32_t>(static_cast<std::size_t>(n), 1));
  for (backend::Buffer<float>* buffer : {&a, &x}) {
    backend.in<float>().clear(buffer->view());
    backend.in<float>().add_noise(1.0F, 1, 0, all.data(), buffer->view());
  }
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < timed_runs; ++i) {
    backend.synchronise();
    const double start = now();
    backend.in<float>().multiply(std::as_const(a).view(), std::as_const(x).view(), y.view());
    backend.synchronise();
    best = std::min(best, now() - start);
  }
  return 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(columns) / best;
}

/// The matrix products of one sweep, forward and backward, and nothing else.
template <class T>
class Products {
 public:
  Products(backend::Backend& backend, ascent::Model<T>& model, Index columns) : model_(model) {
    Index widest = 0;
    for (const auto& map : model.maps) widest = std::max({widest, map.inputs(), map.outputs()});
    even_ = backend::Buffer<T>(backend, widest, columns);
    odd_ = backend::Buffer<T>(backend, widest, columns);
    // numbers as a sweep has them: zeros would flatter the hardware
    const backend::Buffer<std::int32_t> all(backend,
                                            std::vector<std::int32_t>(static_cast<std::size_t>(columns), 1));
    for (backend::Buffer<T>* buffer : {&even_, &odd_}) {
      backend.in<T>().clear(buffer->view());
      backend.in<T>().add_noise(T(1), 1, 0, all.data(), buffer->view());
    }
    columns_ = columns;
  }
  void run() {
    for (auto& map : model_.maps) map.apply(view(even_, map.inputs()), view(odd_, map.outputs()));
    for (auto& map : model_.maps) map.adjoint(view(odd_, map.outputs()), view(even_, map.inputs()));
  }

 private:
  backend::View<T> view(backend::Buffer<T>& buffer, Index rows) {
    return backend::View<T>(buffer.data(), rows, columns_);
  }
  ascent::Model<T>& model_;
  backend::Buffer<T> even_;
  backend::Buffer<T> odd_;
  Index columns_ = 0;
};

/// Seconds of a sweep and of its products, float32, at the rank with which estimates of this width begin.
json sweeps(backend::Backend& backend, double peak, const Network& network, Norm norm, Index outputs,
            Index rank) {
  const problem::Chain chain = problem::make_chain(network);
  const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
  ascent::Model<float> model(backend, chain, slopes, problem::unit_scaling(chain));
  std::vector<problem::Problem> problems(static_cast<std::size_t>(outputs));
  for (std::size_t b = 0; b < problems.size(); ++b) {
    problems[b].ball.norm = norm;
    problems[b].row = problem::Row::unit(static_cast<Index>(b), network.outputs());
  }
  std::vector<Index> ids(problems.size());
  std::iota(ids.begin(), ids.end(), Index{0});
  ascent::Ascent<float> ascent(model, problems, ids, rank, 0);
  const Index columns = ascent.columns();
  Products<float> products(backend, model, columns);
  const auto seconds = [&](const auto& body) {
    for (int i = 0; i < warm_up; ++i) body();
    ascent.values();  // waits for what was started: a small copy behind it
    const double start = now();
    for (int i = 0; i < timed_runs; ++i) body();
    ascent.values();
    return (now() - start) / timed_runs;
  };
  // in turn, so that a machine that changes its pace changes both
  std::vector<double> sweep;
  std::vector<double> product;
  std::unique_ptr<backend::Repetition> repetition;  // played back as the sweeps are
  for (int part = 0; part < parts; ++part) {
    sweep.push_back(seconds([&] { ascent.sweep(); }));
    product.push_back(seconds([&] { backend.repeat(repetition, [&] { products.run(); }); }));
  }
  const double sweep_seconds = median(sweep);
  const double product_seconds = median(product);
  double weights = 0.0;
  for (const auto& map : model.maps)
    weights += static_cast<double>(map.inputs()) * static_cast<double>(map.outputs());
  const double speed = 4.0 * weights * static_cast<double>(columns) / product_seconds;
  return {{"columns", columns},
          {"recorded", ascent.is_recorded()},
          {"sweep_seconds", sweep_seconds},
          {"product_seconds", product_seconds},
          {"sweep_over_products", sweep_seconds / product_seconds},
          {"product_flops_per_second", speed},
          {"products_over_peak", speed / peak}};
}

json estimates(backend::Backend& backend, const Network& network, Norm norm, Index outputs,
               const Options& options) {
  Query query;
  query.norm = norm;
  for (Index k = 0; k < outputs; ++k) query.objectives.push_back(Objective::output(k));
  Settings settings;
  settings.gap = options.gap;
  settings.time_limit = options.time_limit;
  settings.verify = Verify::off;  // proofs are the checker's, on the CPU: bench_solver times them
  Watch watch;
  TimedBackend alone(backend, watch);  // which never has use for a second queue
  const Result result = estimate_on(options.one_queue ? static_cast<backend::Backend&>(alone) : backend,
                                    network, query, settings);
  double gap = 0.0;
  for (const Bound& bound : result.bounds) gap = std::max(gap, bound.gap());
  const Bound& first = result.bounds.front();
  return {{"seconds", first.seconds.total},
          {"ascent_seconds", first.seconds.ascent},
          {"certificate_seconds", first.seconds.certificate},
          {"rounding_seconds", first.seconds.rounding},
          {"certified", result.certified()},
          {"gap", gap},
          {"iterations", first.iterations},
          {"rank", first.rank},
          {"lower", first.lower},
          {"upper", first.upper}};
}

Index first_rank(Index width) {
  Index rank = 16;
  while (rank * rank < width) rank *= 2;
  return rank;
}

/// A device, and what its products can reach.
struct Device {
  std::unique_ptr<backend::Backend> backend;
  double peak;
};

json measure(const Device& device, const Network& network, const std::string& name, Norm norm, Index width,
             Index outputs, const Options& options) {
  backend::Backend& backend = *device.backend;
  json row{{"network", name},
           {"norm", std::string(to_string(norm))},
           {"outputs", outputs},
           {"device", backend.name()}};
  // What does not fit is a result too, and ends nothing else.
  try {
    row["sweep"] = sweeps(backend, device.peak, network, norm, outputs, first_rank(width));
    row["estimate"] = estimates(backend, network, norm, outputs, options);
  } catch (const std::exception& error) {
    row["error"] = error.what();
    std::printf("%-22s %-4s %2lld  %s\n", name.c_str(), row["norm"].get<std::string>().c_str(),
                static_cast<long long>(outputs), error.what());
    return row;
  }
  const json& sweep = row["sweep"];
  const json& whole = row["estimate"];
  std::printf(
      "%-22s %-4s %2lld  sweep %9.3f ms, %5.2f of its products (%6.2f TFLOP/s, %.2f of the peak)  estimate "
      "%8.2f s, gap %.1e%s  %s\n",
      name.c_str(), row["norm"].get<std::string>().c_str(), static_cast<long long>(outputs),
      1e3 * sweep["sweep_seconds"].get<double>(), sweep["sweep_over_products"].get<double>(),
      1e-12 * sweep["product_flops_per_second"].get<double>(), sweep["products_over_peak"].get<double>(),
      whole["seconds"].get<double>(), whole["gap"].get<double>(),
      whole["certified"].get<bool>() ? "" : " NOT MET", backend.name().c_str());
  std::fflush(stdout);
  return row;
}

int main_program(int argc, char** argv) {
  CLI::App app("Bench of large networks");
  Options options;
  bool small = false;
  app.add_option("--device", options.devices, "cpu, cuda or cuda:N");
  app.add_option("--width", options.widths, "neurons of a hidden layer, and inputs");
  app.add_option("--depth", options.depths, "hidden layers");
  app.add_option("--outputs", options.outputs, "outputs to bound");
  app.add_option("--norm", options.norms, "linf or l2");
  app.add_option("--gap", options.gap, "relative gap to certify");
  app.add_option("--time-limit", options.time_limit, "seconds for one estimate");
  app.add_option("--cpu-weights", options.cpu_weights, "most weights of a network that the CPU bounds");
  app.add_flag("--one-queue", options.one_queue, "certificates one after the other");
  app.add_option("--json", options.file, "write the results to this file");
  app.add_flag("--small", small, "sizes that only show that it runs");
  CLI11_PARSE(app, argc, argv);
  if (small) {
    options.widths = {16};
    options.depths = {2};
    options.outputs = {1, 3};
  }

  json report{{"bench", "scale"},
              {"environment", environment()},
              {"gap", options.gap},
              {"one_queue", options.one_queue}};
  json& rows = report["rows"] = json::array();
  std::vector<Device> devices;
  // layers of a few neurons are there to show that it runs, and say nothing of a device's peak
  const bool tiny = *std::max_element(options.widths.begin(), options.widths.end()) < 64;
  json& peaks = report["product_peaks"] = json::object();
  for (const std::string& name : options.devices) {
    auto backend = backend::make_backend(name, 0);
    const double peak = product_peak(*backend, tiny);
    peaks[backend->name()] = peak;
    devices.push_back({std::move(backend), peak});
  }
  const Index most = *std::max_element(options.outputs.begin(), options.outputs.end());
  for (const Index width : options.widths) {
    for (const Index depth : options.depths) {
      const std::vector<Index> widths = shape(width, width, depth, most);
      const Network network = random_network(widths);
      const double weights =
          static_cast<double>(width) * static_cast<double>(width) * static_cast<double>(depth);
      for (const std::string& norm : options.norms) {
        for (const Index outputs : options.outputs) {
          for (const Device& device : devices) {
            if (device.backend->shares_host_memory() && weights > options.cpu_weights) continue;
            rows.push_back(
                measure(device, network, shape_name(widths), norm_from_name(norm), width, outputs, options));
            write_report(options.file, report);  // what there is, should the bench be ended
          }
        }
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace geolip::bench

int main(int argc, char** argv) {
  return geolip::bench::run_program("bench_scale", geolip::bench::main_program, argc, argv);
}
