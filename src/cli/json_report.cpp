#include <cli/json_report.hpp>

#include <geolip/version.hpp>

#include <nlohmann/json.hpp>

#include <cli/estimate_table.hpp>
#include <cli/layer_summary.hpp>
#include <cli/options.hpp>

namespace geolip::cli {
namespace {

// Keys stand in the order in which they are written here.
using Json = nlohmann::ordered_json;

/// Text that is no UTF-8, a file name perhaps, gets replacement characters rather than an exception.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json tool() { return {{"tool", "geolip"}, {"version", version}}; }

Json network_json(const std::filesystem::path& path, const NetworkFile& file) {
  Json json{{"path", path.string()},
            {"sha256", file.sha256},
            {"inputs", file.network.inputs()},
            {"outputs", file.network.outputs()},
            {"layers", file.network.layers().size()}};
  for (const ExternalFile& external : file.source.external) {
    json["external"].push_back({{"location", external.location}, {"sha256", external.sha256}});
  }
  return json;
}

Json output_json(const Objective& objective) {
  switch (objective.kind) {
    case Objective::Kind::output:
      return objective.k;
    case Objective::Kind::margin:
      return Json::array({objective.k, objective.j});
    case Objective::Kind::row:
      return {{"row", objective.row}};
    case Objective::Kind::vector:
      return "vector";
  }
  return nullptr;
}

Json activation_json(const std::optional<Activation>& activation) {
  if (!activation) return nullptr;
  return to_string(activation->kind());
}

/// Everything that decides the result.
Json settings_json(const EstimateArguments& arguments, const Baselines* baselines) {
  const Settings& s = arguments.settings;
  const ReadOptions& read = arguments.network.options;
  Json json{{"norm", to_string(arguments.norm)},
            {"outputs", arguments.outputs},
            {"gap", s.gap},
            {"max_iterations", s.max_iterations},
            {"time_limit", s.time_limit},
            {"rank", s.rank},
            {"max_rank", s.max_rank},
            {"precision", word_for(precisions, s.precision)},
            {"verify", word_for(verifications, s.verify)},
            {"seed", s.seed},
            {"starts", s.starts},
            {"threads", s.threads},
            {"device", s.device},
            {"activation", activation_json(read.activation)},
            {"logits", read.logits},
            {"physical_units", read.physical_units}};
  if (baselines != nullptr) {
    json["baseline_inputs"] = {
        {"path", baselines->inputs ? Json(baselines->inputs->string()) : Json(nullptr)},
        {"count", baselines->input_count}};
  }
  return json;
}

Json bound_json(const Bound& bound) {
  return {{"output", output_json(bound.objective)},
          {"norm", to_string(bound.norm)},
          {"lower", bound.lower},
          {"relaxation", bound.relaxation},
          {"upper", bound.upper},
          {"status", to_string(bound.status)},
          {"reason", bound.reason.empty() ? Json(nullptr) : Json(bound.reason)},
          {"verified", bound.proved()},
          {"verification_loss", bound.verification_loss},
          {"iterations", bound.iterations},
          {"rank", bound.rank},
          {"precision", word_for(precisions, bound.precision)},
          {"seconds",
           {{"ascent", bound.seconds.ascent},
            {"certificate", bound.seconds.certificate},
            {"rounding", bound.seconds.rounding},
            {"verification", bound.seconds.verification},
            {"total", bound.seconds.total}}}};
}

Json layer_json(const LayerSummary& layer) {
  Json slopes = nullptr;
  if (layer.slopes) slopes = Json::array({layer.slopes->lower, layer.slopes->upper});
  Json json{{"name", layer.name},
            {"kind", layer.kind},
            {"shape", layer.shape},
            {"slopes", slopes},
            {"parameters", layer.parameters}};
  if (!layer.reads.empty()) json["reads"] = layer.reads;
  return json;
}

}  // namespace

std::string estimate_json(const EstimateArguments& arguments, const NetworkFile& file, const Result& result,
                          const Baselines* baselines) {
  Json json = tool();
  json["device"] = result.device;
  const std::string why = not_verified(result);
  if (!why.empty()) json["not_verified"] = why;
  json["network"] = network_json(arguments.network.path, file);
  json["settings"] = settings_json(arguments, baselines);
  json["predicted"] = {{"bytes", result.prediction.bytes},
                       {"certificate_bytes", result.prediction.certificate_bytes},
                       {"certificate_multiplications", result.prediction.multiplications},
                       {"certificate_seconds", result.prediction.seconds},
                       {"problems_at_once", result.prediction.batch},
                       {"certificates_at_once", result.prediction.certificates},
                       {"weights_on_host", result.prediction.weights_on_host}};
  json["results"] = Json::array();
  for (std::size_t b = 0; b < result.bounds.size(); ++b) {
    Json bound = bound_json(result.bounds[b]);
    if (baselines != nullptr) {
      bound["baselines"] = {{"gradient", baselines->gradient[b]}, {"product", baselines->product[b]}};
    }
    json["results"].push_back(std::move(bound));
  }
  return dump(json);
}

std::string info_json(const NetworkArguments& arguments, const NetworkFile& file) {
  const NetworkSummary summary = summarise(file.network);
  Json json = tool();
  json["network"] = network_json(arguments.path, file);
  json["network"]["neurons"] = summary.neurons;
  json["network"]["parameters"] = summary.parameters;
  json["format"] = file.format;
  json["facts"] = Json::object();
  for (const auto& [key, value] : file.facts) json["facts"][key] = value;
  json["layers"] = Json::array();
  for (const LayerSummary& layer : summary.layers) json["layers"].push_back(layer_json(layer));
  return dump(json);
}

}  // namespace geolip::cli
