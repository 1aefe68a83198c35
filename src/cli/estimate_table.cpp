#include <cli/estimate_table.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>

#include <cli/decimal.hpp>
#include <cli/table.hpp>
#include <cli/text.hpp>

namespace geolip::cli {
namespace {

// Bounds carry this many digits beyond those that the gap leaves open.
constexpr int digits_beyond_gap = 3;
constexpr int fewest_digits = 6;
constexpr int most_digits = 17;
constexpr int gap_digits = 2;
constexpr int ratio_digits = 3;

// Runs that take less memory than this, and certificates that take fewer seconds, are not worth a line.
constexpr double worth_saying = 1e9;
constexpr double long_certificate = 1.0;
// A certificate that takes no more seconds is made after any time limit (Settings::time_limit).
constexpr double least_patience = 2.0;
constexpr int prediction_digits = 2;

// Networks with more widths than this are shortened.
constexpr std::size_t most_widths = 10;
constexpr std::size_t first_widths = 4;
constexpr std::size_t last_widths = 2;

int bound_digits(double gap) {
  return std::clamp(static_cast<int>(std::ceil(-std::log10(gap))) + digits_beyond_gap, fewest_digits,
                    most_digits);
}

std::string seconds_text(double seconds) { return fixed(seconds, 2); }

/// How many times smaller the upper bound is than the product, as "12.3x".
std::string tighter(double product, double upper) {
  return upper > 0.0 ? decimal(product / upper, ratio_digits, Round::down) + "x" : "-";
}

Table result_table(const Result& result, const Baselines* baselines, int digits) {
  const auto down = [digits](double x) { return decimal(x, digits, Round::down); };
  const auto up = [digits](double x) { return decimal(x, digits, Round::up); };
  const std::vector<Bound>& bounds = result.bounds;
  Table table;
  table.add_column("output", Align::right, bounds, [](const Bound& b) { return to_string(b.objective); });
  if (baselines != nullptr) table.add_column("gradient", Align::point, baselines->gradient, down);
  table.add_column("lower", Align::point, bounds, [&](const Bound& b) { return down(b.lower); });
  table.add_column("upper", Align::point, bounds, [&](const Bound& b) { return up(b.upper); });
  if (baselines != nullptr) {
    table.add_column("product", Align::point, baselines->product, up);
    auto product = baselines->product.begin();
    table.add_column("tighter", Align::point, bounds,
                     [&](const Bound& b) { return tighter(*product++, b.upper); });
  }
  table.add_column("gap", Align::right, bounds, [](const Bound& b) {
    return b.status == Status::failed ? "-" : decimal_exponent(b.gap(), gap_digits, Round::up);
  });
  table.add_column("status", Align::left, bounds,
                   [](const Bound& b) { return std::string(to_string(b.status)); });
  table.add_column("seconds", Align::right, bounds,
                   [](const Bound& b) { return seconds_text(b.seconds.total); });
  return table;
}

/// What the statuses that occur say.
void print_meaning(std::ostream& out, const Result& result, double gap) {
  const auto occurs = [&](Status status) {
    return std::any_of(result.bounds.begin(), result.bounds.end(),
                       [status](const Bound& b) { return b.status == status; });
  };
  double loss = 0.0;
  for (const Bound& bound : result.bounds) loss = std::max(loss, bound.verification_loss);
  if (occurs(Status::verified)) {
    out << "verified: proved with every rounding error covered, which cost at most "
        << decimal_exponent(loss, gap_digits, Round::up) << " of the bound,\n          and at most "
        << shortest(gap) << " above the relaxation's optimum\n";
  }
  if (occurs(Status::certified)) {
    out << "certified: a dual certificate in float64, or the product of norms, gives a bound at most "
        << shortest(gap) << " of it\n           above the relaxation's optimum\n";
    const std::string why = not_verified(result);
    if (!why.empty()) out << "not verified: " << printable(why) << '\n';
  }
}

void print_summary(std::ostream& out, const Result& result, const Settings& settings, double seconds) {
  const double gap = settings.gap;
  const auto count = [&](Status status) {
    return std::count_if(result.bounds.begin(), result.bounds.end(),
                         [status](const Bound& b) { return b.status == status; });
  };
  const auto certified = count(Status::verified) + count(Status::certified);
  out << certified << " of " << result.bounds.size() << " certified to " << shortest(gap) << " in "
      << seconds_text(seconds) << " s";
  if (result.certified()) {
    out << '\n';
    print_meaning(out, result, gap);
    return;
  }
  if (count(Status::limit) > 0) {
    double largest = 0.0;
    for (const Bound& bound : result.bounds) {
      if (bound.status == Status::limit) largest = std::max(largest, bound.gap());
    }
    out << (result.stopped ? "; interrupted" : "; a limit ended the run") << " at a gap of "
        << decimal_exponent(largest, gap_digits, Round::up)
        << "\nlimit: the gap was not met, but the upper bounds are valid all the same";
  }
  out << '\n';
  for (const Bound& bound : result.bounds) {
    if (bound.status == Status::failed)
      out << "failed: output " << to_string(bound.objective) << ": " << printable(bound.reason) << '\n';
  }
  if (!result.stopped && result.prediction.seconds > std::max(settings.time_limit, least_patience)) {
    out << "no certificate was begun that takes about " << seconds_text(result.prediction.seconds)
        << " s, longer than the time limit: the upper bounds are products of norms\n";
  }
}

void print_legend(std::ostream& out, const Baselines& baselines) {
  out << "gradient: largest gradient at " << baselines.input_count
      << (baselines.inputs ? " given" : " random")
      << " inputs, a lower bound of the network's own constant\n"
         "product: product of the layers' norms, an upper bound; tighter: how many times upper is below it\n";
}

}  // namespace

std::string not_verified(const Result& result) {
  for (const Bound& bound : result.bounds) {
    if (bound.status == Status::certified && !bound.reason.empty()) return bound.reason;
  }
  return "";
}

std::string network_size(const Network& network) {
  std::vector<Index> widths{network.inputs()};
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const auto& op = network.layers()[l].op;
    if (std::holds_alternative<Dense>(op) || std::holds_alternative<Conv>(op) ||
        std::holds_alternative<ConvTranspose>(op)) {
      widths.push_back(network.size(static_cast<Index>(l + 1)));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths.size() > most_widths && i >= first_widths && i + last_widths < widths.size()) {
      if (i == first_widths) text += "-...";
      continue;
    }
    if (i > 0) text += '-';
    text += std::to_string(widths[i]);
  }
  if (widths.size() > most_widths) text += ", " + std::to_string(widths.size() - 1) + " linear layers";
  return text;
}

void print_header(std::ostream& out, const EstimateArguments& arguments, const Network& network,
                  const std::string& device, const Prediction& prediction) {
  out << "network  " << printable(arguments.network.path.filename().string()) << " (" << network_size(network)
      << ")\n"
      << "norm     " << to_string(arguments.norm) << '\n'
      << "device   " << printable(device) << '\n';
  if (prediction.bytes >= worth_saying || prediction.seconds >= long_certificate) {
    out << "needs    about " << decimal(prediction.bytes / 1e9, prediction_digits, Round::up) << " GB, and "
        << decimal(prediction.seconds, prediction_digits, Round::up) << " s for each certificate"
        << (prediction.weights_on_host ? "; the weights stay on the host, which takes time" : "") << '\n';
  }
  out << '\n';
}

void print_estimate(std::ostream& out, const EstimateArguments& arguments, const Result& result,
                    const Baselines* baselines, double seconds) {
  result_table(result, baselines, bound_digits(arguments.settings.gap)).print(out);
  out << '\n';
  print_summary(out, result, arguments.settings, seconds);
  if (baselines != nullptr) print_legend(out, *baselines);
}

}  // namespace geolip::cli
