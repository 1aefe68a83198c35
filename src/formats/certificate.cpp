#include <geolip/io.hpp>
#include <geolip/version.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace geolip {
namespace {

// Keys stand in the order in which they are written here.
using Json = nlohmann::ordered_json;

/// significand * 2^exponent in C99's hexadecimal notation, exactly.
std::string hex(double significand, std::int64_t exponent = 0) {
  if (significand == 0.0) return "0x0p+0";
  int own = 0;
  double fraction = std::frexp(std::abs(significand), &own);
  // 1.xxx times a power of two, so that %a prints one form on every machine
  fraction *= 2.0;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%a", fraction);
  std::string digits = text.data();
  digits.resize(digits.find('p'));
  const std::int64_t power = exponent + own - 1;
  return (significand < 0.0 ? "-" : "") + digits + 'p' + (power < 0 ? "" : "+") + std::to_string(power);
}

Json hex_list(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double v : values) list.push_back(hex(v));
  return list;
}

Json hex_list(const std::vector<ScaledNumber>& values) {
  Json list = Json::array();
  for (const ScaledNumber& v : values) list.push_back(hex(v.significand, v.exponent));
  return list;
}

/// The blocks of neurons that linear layers alone join to tensor t, ascending: 0 the input, k the k-th
/// activation.
std::vector<Index> sources_of(const Network& network, const std::vector<Index>& block, Index t) {
  std::vector<bool> wanted(static_cast<std::size_t>(t + 1), false);
  wanted.back() = true;
  std::vector<Index> sources;
  for (; t >= 0; --t) {
    if (!wanted[static_cast<std::size_t>(t)]) continue;
    if (block[static_cast<std::size_t>(t)] >= 0) {
      sources.insert(sources.begin(), block[static_cast<std::size_t>(t)]);
      continue;
    }
    for (const Index from : network.read_by(t - 1)) wanted[static_cast<std::size_t>(from)] = true;
  }
  return sources;
}

/// The linear layers between activations merged: sizes, what is read, and the activation that follows.
Json stages(const Network& network) {
  Json list = Json::array();
  std::vector<Index> block{0};                // by tensor; -1: made by a linear layer
  std::vector<Index> size{network.inputs()};  // by block
  const auto add = [&](Index feed, const Activation* activation) {
    const std::vector<Index> sources = sources_of(network, block, feed);
    Index inputs = 0;
    for (const Index j : sources) inputs += size[static_cast<std::size_t>(j)];
    Json stage{{"inputs", inputs}, {"outputs", network.size(feed)}};
    if (activation != nullptr) stage["activation"] = to_string(activation->kind());
    // left out where it is the block before alone
    if (sources != std::vector<Index>{static_cast<Index>(size.size()) - 1}) stage["from"] = sources;
    list.push_back(std::move(stage));
  };
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const auto* activation = std::get_if<Activation>(&network.layers()[l].op);
    if (activation == nullptr) {
      block.push_back(-1);
      continue;
    }
    add(network.read_by(static_cast<Index>(l)).front(), activation);
    block.push_back(static_cast<Index>(size.size()));
    size.push_back(network.size(static_cast<Index>(l + 1)));
  }
  add(static_cast<Index>(network.layers().size()), nullptr);
  return list;
}

Json reading(const ReadOptions& options) {
  Json json = Json::object();
  if (options.activation) json["activation"] = to_string(options.activation->kind());
  if (options.logits) json["logits"] = true;
  if (options.physical_units) json["physical_units"] = true;
  return json;
}

Json objective_json(const Objective& objective) {
  switch (objective.kind) {
    case Objective::Kind::output:
      return {{"output", objective.k}};
    case Objective::Kind::margin:
      return {{"margin", Json::array({objective.k, objective.j})}};
    case Objective::Kind::row:
      return {{"row", hex_list(objective.row)}};
    case Objective::Kind::vector:
      break;
  }
  return {{"vector", true}};
}

Json slopes_json(const SlopeOverride& slopes) {
  Json list = Json::array();
  for (const std::vector<SlopeInterval>& layer : slopes.layers) {
    Json lower = Json::array();
    Json upper = Json::array();
    for (const SlopeInterval& interval : layer) {
      lower.push_back(hex(interval.lower));
      upper.push_back(hex(interval.upper));
    }
    list.push_back({{"lower", lower}, {"upper", upper}});
  }
  return list;
}

Json proof_json(const Proof& proof, Norm norm) {
  Json json = Json::object();
  if (proof.objective_row >= 0) json["objective_row"] = proof.objective_row;
  if (norm == Norm::l1) json["coordinates"] = proof.coordinates;
  json["bound"] = hex(proof.bound);
  if (proof.gamma.empty()) return json;
  json["zeta"] = hex(proof.zeta.significand, proof.zeta.exponent);
  json["gamma"] = hex_list(proof.gamma);
  json["lambda"] = Json::array();
  for (const auto& layer : proof.lambda) json["lambda"].push_back(hex_list(layer));
  return json;
}

}  // namespace

std::string certificate_text(const NetworkFile& file, const Bound& bound) {
  const Source& source = file.source;
  Json network{{"file", source.file}, {"sha256", source.sha256}};
  for (const ExternalFile& external : source.external)
    network["external"].push_back({{"location", external.location}, {"sha256", external.sha256}});
  network["reading"] = reading(source.reading);
  network["inputs"] = file.network.inputs();
  network["outputs"] = file.network.outputs();
  network["stages"] = stages(file.network);
  Json json{{"format", "geolip-certificate"}, {"version", 1}, {"tool", std::string("geolip ") + version}};
  json["network"] = network;
  json["query"] = {{"norm", to_string(bound.norm)}, {"objective", objective_json(bound.objective)}};
  if (bound.objective.slopes) json["slopes"] = slopes_json(*bound.objective.slopes);
  json["bound"] = hex(bound.upper);
  json["bound_decimal"] = bound.upper;
  double inflation = 0.0;
  for (const Proof& proof : bound.proofs) inflation = std::max(inflation, proof.inflation);
  json["inflation"] = inflation;
  json["proofs"] = Json::array();
  for (const Proof& proof : bound.proofs) json["proofs"].push_back(proof_json(proof, bound.norm));
  // Text that is no UTF-8, a file name perhaps, gets replacement characters rather than an exception.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace geolip
