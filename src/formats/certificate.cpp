#include <formats/certificate.hpp>

#include <formats/reader.hpp>
#include <formats/source_json.hpp>

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

std::string formats::certificate_text(const Source& source, const std::string& canonical,
                                      const Bound& bound) {
  Json json{{"format", "geolip-certificate"}, {"version", 2}, {"tool", std::string("geolip ") + version}};
  json["network"] = {{"sha256", canonical}, {"source", source_json(source)}};
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

std::string certificate_text(const NetworkFile& file, const Bound& bound) {
  const std::string hash = formats::sha256(formats::bytes_of(canonical_bytes(file)));
  return formats::certificate_text(file.source, hash, bound);
}

}  // namespace geolip
