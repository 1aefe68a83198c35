// How long a whole estimate takes against the matrix algebra inside it, and how that grows with width and
// depth.
//
//   bench_solver [--small] [--threads N] [--json FILE]
//
// The algebra (products, rank-k updates, Cholesky factorisations, triangular solves) is timed inside the same
// run, so the ratio does not depend on what else the machine does. --small runs one tiny network of each
// kind, for the test suite.
#include <bench/support/environment.hpp>
#include <bench/support/program.hpp>
#include <bench/support/random_network.hpp>
#include <bench/support/timed_backend.hpp>
#include <solve/estimate_on.hpp>

#include <geolip/error.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace geolip::bench {
namespace {

using nlohmann::json;

/// What the memory goal counts: weights, the state of the ascent (w, s, s_hat in the arithmetic in which it
/// ended), the largest layer's square.
double counted_bytes(const std::vector<Index>& widths, Index columns, Precision precision) {
  const double state_bytes = precision == Precision::float64 ? 8.0 : 4.0;
  double weights = 0.0;
  double state = 0.0;
  double square = 0.0;
  for (std::size_t k = 0; k < widths.size(); ++k) {
    const auto n = static_cast<double>(widths[k]);
    if (k > 0) weights += 8.0 * n * static_cast<double>(widths[k - 1]);
    state += 3.0 * state_bytes * n * static_cast<double>(columns);
    if (k > 0 && k + 1 < widths.size()) square = std::max(square, 8.0 * n * n);
  }
  return weights + state + square;
}

json run(const std::vector<Index>& widths, Norm norm, int threads) {
  const Network network = random_network(widths);
  Query query;
  query.norm = norm;
  query.objectives = parse_objectives("all", network.outputs());
  Settings settings;
  settings.gap = 1e-3;
  settings.verify = Verify::off;  // proofs have a row of their own
  const auto inner = backend::make_cpu_backend(threads);
  Watch watch;
  TimedBackend timed(*inner, watch);
  const Result result = estimate_on(timed, network, query, settings);
  const Bound& first = result.bounds.front();
  double weights = 0.0;
  for (std::size_t k = 1; k < widths.size(); ++k)
    weights += 8.0 * static_cast<double>(widths[k] * widths[k - 1]);
  // The network's own float64 weights are used in place; everything else the backend allocates.
  const double peak = weights + static_cast<double>(watch.peak_bytes);
  double worst_gap = 0.0;
  for (const Bound& b : result.bounds) worst_gap = std::max(worst_gap, b.gap());
  json row{
      {"network", shape_name(widths)},
      {"norm", std::string(to_string(norm))},
      {"objectives", result.bounds.size()},
      {"certified", result.certified()},
      {"gap", worst_gap},
      {"iterations", first.iterations},
      {"rank", first.rank},
      {"precision", first.precision == Precision::float64 ? "float64" : "float32"},
      {"seconds", first.seconds.total},
      {"ascent_seconds", first.seconds.ascent},
      {"certificate_seconds", first.seconds.certificate},
      {"rounding_seconds", first.seconds.rounding},
      {"algebra_seconds", watch.algebra_seconds},
      {"total_over_algebra", first.seconds.total / watch.algebra_seconds},
      {"peak_bytes", peak},
      {"peak_over_counted",
       peak / counted_bytes(widths, first.rank * static_cast<Index>(result.bounds.size()), first.precision)}};
  std::printf(
      "%-28s %-4s %3zu  %8.3f s  algebra %8.3f s  ratio %5.2f  memory %5.2f  gap %.1e  %5lld sweeps%s\n",
      row["network"].get<std::string>().c_str(), row["norm"].get<std::string>().c_str(), result.bounds.size(),
      first.seconds.total, watch.algebra_seconds, row["total_over_algebra"].get<double>(),
      row["peak_over_counted"].get<double>(), worst_gap, static_cast<long long>(first.iterations),
      result.certified() ? "" : "  NOT CERTIFIED");
  std::fflush(stdout);
  return row;
}

/// What the proofs of all bounds take, against the solve before them.
json run_verification(const std::vector<Index>& widths, Norm norm, int threads) {
  const Network network = random_network(widths);
  Settings settings;
  settings.gap = 1e-3;
  settings.threads = threads;
  settings.device = "cpu";
  settings.verify = Verify::on;
  const Result result = estimate(network, {norm, parse_objectives("all", network.outputs())}, settings);
  double loss = 0.0;
  bool verified = true;
  for (const Bound& b : result.bounds) {
    loss = std::max(loss, b.verification_loss);
    verified = verified && b.proved();
  }
  const Seconds& seconds = result.bounds.front().seconds;
  const double solve = seconds.total - seconds.verification;
  std::printf("%-28s %-4s %3zu  proofs %8.3f s after %8.3f s, loss %.1e%s\n", shape_name(widths).c_str(),
              std::string(to_string(norm)).c_str(), result.bounds.size(), seconds.verification, solve, loss,
              verified ? "" : "  NOT VERIFIED");
  return {{"network", shape_name(widths)},
          {"norm", std::string(to_string(norm))},
          {"objectives", result.bounds.size()},
          {"verified", verified},
          {"solve_seconds", solve},
          {"verification_seconds", seconds.verification},
          {"verification_over_solve", seconds.verification / solve},
          {"loss", loss}};
}

/// Slope of log seconds against log size.
double fitted_exponent(const std::vector<double>& size, const std::vector<double>& seconds) {
  double mx = 0.0;
  double my = 0.0;
  for (std::size_t i = 0; i < size.size(); ++i) {
    mx += std::log(size[i]) / static_cast<double>(size.size());
    my += std::log(seconds[i]) / static_cast<double>(size.size());
  }
  double xy = 0.0;
  double xx = 0.0;
  for (std::size_t i = 0; i < size.size(); ++i) {
    xy += (std::log(size[i]) - mx) * (std::log(seconds[i]) - my);
    xx += (std::log(size[i]) - mx) * (std::log(size[i]) - mx);
  }
  return xy / xx;
}

json growth(const char* what, const std::vector<Index>& sizes, int threads, bool depth) {
  json rows = json::array();
  std::vector<double> x;
  std::vector<double> total;
  std::vector<double> per_sweep;
  for (const Index n : sizes) {
    json row = run(depth ? shape(64, 64, n, 1) : shape(n, n, 2, 1), Norm::l2, threads);
    row[what] = n;
    x.push_back(static_cast<double>(n));
    total.push_back(row["seconds"].get<double>());
    per_sweep.push_back(row["ascent_seconds"].get<double>() / row["iterations"].get<double>());
    rows.push_back(std::move(row));
  }
  const double exponent = fitted_exponent(x, total);
  const double sweep_exponent = fitted_exponent(x, per_sweep);
  std::printf("seconds ~ %s^%.2f, seconds of a sweep ~ %s^%.2f\n", what, exponent, what, sweep_exponent);
  return {{"rows", rows}, {"exponent", exponent}, {"sweep_exponent", sweep_exponent}};
}

int main_program(int argc, char** argv) {
  CLI::App app("Bench of the whole solver");
  bool small = false;
  int threads = 0;
  std::string file;
  app.add_flag("--small", small, "one tiny network of each kind");
  app.add_option("--threads", threads, "CPU threads, 0 for all");
  app.add_option("--json", file, "write the results to this file");
  CLI11_PARSE(app, argc, argv);

  json report{{"bench", "solver"}, {"environment", environment()}, {"threads", threads}};
  json& networks = report["networks"] = json::array();
  std::vector<std::vector<Index>> shapes{{784, 256, 10}, shape(784, 64, 6, 10), shape(784, 1024, 3, 10)};
  if (small) shapes = {{20, 16, 4}, shape(20, 8, 6, 4)};
  for (const auto& widths : shapes) {
    for (const Norm norm : {Norm::linf, Norm::l2}) networks.push_back(run(widths, norm, threads));
  }
  json& proofs = report["verification"] = json::array();
  if (!small) shapes.push_back(shape(64, 64, 64, 1));
  for (const auto& widths : shapes) {
    for (const Norm norm : {Norm::linf, Norm::l2}) proofs.push_back(run_verification(widths, norm, threads));
  }
  using Sizes = std::vector<Index>;
  report["width"] =
      growth("width", small ? Sizes{8, 16} : Sizes{64, 128, 256, 512, 1024, 2048}, threads, false);
  report["depth"] = growth("depth", small ? Sizes{2, 4} : Sizes{2, 4, 8, 16, 32, 64}, threads, true);
  write_report(file, report);
  return 0;
}

}  // namespace
}  // namespace geolip::bench

int main(int argc, char** argv) {
  return geolip::bench::run_program("bench_solver", geolip::bench::main_program, argc, argv);
}
