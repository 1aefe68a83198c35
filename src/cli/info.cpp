#include <cli/info.hpp>

#include <algorithm>
#include <ostream>

#include <cli/decimal.hpp>
#include <cli/exit_code.hpp>
#include <cli/json_report.hpp>
#include <cli/layer_summary.hpp>
#include <cli/table.hpp>
#include <cli/text.hpp>
#include <cli/text_target.hpp>
#include <formats/fail.hpp>

namespace geolip::cli {
namespace {

constexpr int slope_digits = 6;

/// A number without the zeros that end it.
std::string trimmed(double x, Round round) {
  std::string text = decimal(x, slope_digits, round);
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// "[0, 1]", rounded outwards.
std::string slopes_text(const std::optional<SlopeInterval>& slopes) {
  if (!slopes) return "";
  std::string text = "[";
  text.append(trimmed(slopes->lower, Round::down)).append(", ");
  return text.append(trimmed(slopes->upper, Round::up)).append("]");
}

/// "0, 3", "input"; nothing where a layer reads the one before it.
std::string reads_text(const std::vector<Index>& reads) {
  std::string text;
  for (const Index layer : reads) {
    if (!text.empty()) text += ", ";
    text += layer < 0 ? "input" : std::to_string(layer);
  }
  return text;
}

void print_facts(std::ostream& out, const InfoArguments& arguments, const NetworkFile& file,
                 const NetworkSummary& summary) {
  std::vector<std::pair<std::string, std::string>> lines{
      {"network", arguments.network.path.filename().string()},
      {"format", file.format},
      {"sha256", file.sha256},
      {"inputs", std::to_string(file.network.inputs())},
      {"outputs", std::to_string(file.network.outputs())},
      {"neurons", std::to_string(summary.neurons)},
      {"parameters", std::to_string(summary.parameters)}};
  lines.insert(lines.begin() + 3, file.facts.begin(), file.facts.end());
  std::size_t width = 0;
  for (const auto& [key, value] : lines) width = std::max(width, display_width(printable(key)));
  for (const auto& [key, value] : lines) {
    const std::string name = printable(key);
    out << name << std::string(width - display_width(name) + 2, ' ') << printable(value) << '\n';
  }
}

void print_layers(std::ostream& out, const NetworkSummary& summary) {
  const std::vector<LayerSummary>& layers = summary.layers;
  Table table;
  std::size_t number = 0;
  table.add_column("layer", Align::right, layers,
                   [&](const LayerSummary&) { return std::to_string(number++); });
  table.add_column("name", Align::left, layers,
                   [](const LayerSummary& layer) { return printable(layer.name); });
  table.add_column("kind", Align::left, layers, [](const LayerSummary& layer) { return layer.kind; });
  table.add_column("shape", Align::left, layers,
                   [](const LayerSummary& layer) { return formats::dimensions(layer.shape); });
  table.add_column("slopes", Align::left, layers,
                   [](const LayerSummary& layer) { return slopes_text(layer.slopes); });
  table.add_column("parameters", Align::right, layers,
                   [](const LayerSummary& layer) { return std::to_string(layer.parameters); });
  if (std::any_of(layers.begin(), layers.end(),
                  [](const LayerSummary& layer) { return !layer.reads.empty(); })) {
    table.add_column("reads", Align::left, layers,
                     [](const LayerSummary& layer) { return reads_text(layer.reads); });
  }
  table.print(out);
}

}  // namespace

int info(const InfoArguments& arguments, const Library& library, const Console& console) {
  const TextTarget json(arguments.json);
  const NetworkFile file = library.read_network(arguments.network.path, arguments.network.options);
  json.require_apart(files_of(arguments.network, file));
  if (!json.owns_output()) {
    const NetworkSummary summary = summarise(file.network);
    print_facts(console.out, arguments, file, summary);
    console.out << '\n';
    print_layers(console.out, summary);
  }
  if (json.wanted()) json.write(console, info_json(arguments.network, file));
  finish_output(console);
  return exit_certified;
}

}  // namespace geolip::cli
