#include "checker/files/certificate.hpp"

#include "checker/files/hex_float.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace geolip::checker {
namespace {

using nlohmann::json;

constexpr std::size_t largest_file = std::size_t{1} << 30;
constexpr int deepest = 6;  // certificate, proofs, proof, lambda, list, number
constexpr Index largest_index = Index{1} << 48;

/// Parses strict JSON without doubled keys, no deeper than certificates are.
json parse_json(Bytes file) {
  if (file.size() > largest_file) throw ReadError("the certificate is larger than 1 GiB");
  std::vector<std::set<std::string>> keys;
  const auto watch = [&keys](int depth, json::parse_event_t event, json& parsed) {
    if (depth > deepest) throw ReadError("the certificate is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      throw ReadError("the certificate has the key " + in_quotes(parsed.get<std::string>()) +
                      " twice in one place");
    }
    return true;
  };
  try {
    return json::parse(file.begin(), file.end(), watch);
  } catch (const json::parse_error& error) {
    throw ReadError("the certificate is not valid JSON (byte " + std::to_string(error.byte) + ")");
  } catch (const json::exception&) {
    throw ReadError("the certificate is not valid JSON");
  }
}

/// An object whose keys are all asked for.
class Object {
 public:
  Object(const json& value, std::string where) : value_(value), where_(std::move(where)) {
    if (!value.is_object()) throw ReadError(where_ + " is not an object");
  }

  const json* find(const std::string& key) {
    asked_.insert(key);
    const auto found = value_.find(key);
    return found == value_.end() ? nullptr : &*found;
  }
  const json& get(const std::string& key) {
    const json* found = find(key);
    if (found == nullptr) throw ReadError(where_ + " lacks " + in_quotes(key));
    return *found;
  }
  /// Throws ReadError for a key that nobody asked for.
  void finish() const {
    for (const auto& [key, value] : value_.items()) {
      if (!asked_.contains(key)) throw ReadError(where_ + " has the unknown key " + in_quotes(key));
    }
  }

 private:
  const json& value_;
  std::string where_;
  std::set<std::string> asked_;
};

const std::string& text_of(const json& value, const std::string& what) {
  if (!value.is_string()) throw ReadError(what + " is not a text");
  return value.get_ref<const std::string&>();
}

const json::array_t& list_of(const json& value, const std::string& what) {
  if (!value.is_array()) throw ReadError(what + " is not a list");
  return value.get_ref<const json::array_t&>();
}

bool flag_of(const json& value, const std::string& what) {
  if (!value.is_boolean()) throw ReadError(what + " is neither true nor false");
  return value.get<bool>();
}

/// A whole number from `least` to below `limit`.
Index index_of(const json& value, const std::string& what, Index least, Index limit) {
  // what is unsigned may be too large for Index
  const bool whole =
      value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(largest_index);
  if (!whole) throw ReadError(what + " is not a whole number that fits here");
  const auto index = value.get<Index>();
  if (index < least || index >= limit) {
    throw ReadError(what + " is " + std::to_string(index) + ", which is out of range");
  }
  return index;
}

std::string hash_of(const json& value, const std::string& what) {
  const std::string& text = text_of(value, what);
  constexpr std::size_t length = 64;
  if (text.size() != length || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw ReadError(what + " is not a SHA-256 in 64 lower-case hexadecimal digits");
  }
  return text;
}

/// Adds to a complaint about a number where that stands.
template <typename Read>
auto at(const std::string& what, const Read& read) {
  try {
    return read();
  } catch (const ReadError& error) {
    throw ReadError(what + ": " + error.what());
  }
}

double double_of(const json& value, const std::string& what) {
  return at(what, [&] { return parse_hex_double(text_of(value, "it")); });
}

std::vector<double> doubles_of(const json& value, const std::string& what, Index count) {
  const json::array_t& list = list_of(value, what);
  if (list.size() != static_cast<std::size_t>(count)) {
    throw ReadError(what + " has " + std::to_string(list.size()) + " entries but needs " +
                    std::to_string(count));
  }
  std::vector<double> values;
  for (const json& entry : list) values.push_back(double_of(entry, what));
  return values;
}

/// A multiplier; none is negative.
Real multiplier_of(const json& value, const std::string& what) {
  const Real real = at(what, [&] { return parse_hex(text_of(value, "it")); });
  if (real.significand < 0.0) throw ReadError(what + " holds a negative number");
  return real;
}

std::vector<Real> multipliers_of(const json& value, const std::string& what, Index count) {
  const json::array_t& list = list_of(value, what);
  if (list.size() != static_cast<std::size_t>(count)) {
    throw ReadError(what + " has " + std::to_string(list.size()) + " entries but needs " +
                    std::to_string(count));
  }
  std::vector<Real> values;
  for (const json& entry : list) values.push_back(multiplier_of(entry, what));
  return values;
}

double bound_of(const json& value, const std::string& what) {
  const double bound = double_of(value, what);
  if (bound < 0.0) throw ReadError(what + " is negative");
  return bound;
}

Reading read_reading(const json& value) {
  Object object(value, "'reading'");
  Reading reading;
  if (const json* activation = object.find("activation")) {
    reading.activation = text_of(*activation, "'activation'");
  }
  if (const json* logits = object.find("logits")) reading.logits = flag_of(*logits, "'logits'");
  if (const json* units = object.find("physical_units")) {
    reading.physical_units = flag_of(*units, "'physical_units'");
  }
  object.finish();
  return reading;
}

std::vector<ExternalHash> read_external(const json& value) {
  std::vector<ExternalHash> files;
  for (const json& entry : list_of(value, "'external'")) {
    Object object(entry, "an external file");
    ExternalHash file{text_of(object.get("location"), "'location'"),
                      hash_of(object.get("sha256"), "'sha256'")};
    object.finish();
    for (const ExternalHash& other : files) {
      if (other.location == file.location) {
        throw ReadError("the external file " + in_quotes(file.location) + " is listed twice");
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

/// Ascending numbers of blocks, the last of which may be `most`.
std::vector<Index> read_blocks(const json& value, const std::string& where, Index most) {
  std::vector<Index> blocks;
  for (const json& entry : list_of(value, where + "'s from")) {
    blocks.push_back(index_of(entry, where + "'s from", 0, most + 1));
    if (blocks.size() > 1 && blocks[blocks.size() - 2] >= blocks.back())
      throw ReadError(where + "'s from does not ascend");
  }
  return blocks;
}

std::vector<CanonicalStage> read_stages(const json& value, Index inputs, Index outputs) {
  const json::array_t& list = list_of(value, "'stages'");
  std::vector<CanonicalStage> stages;
  std::vector<Index> sizes{inputs};  // by block
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = "stage " + std::to_string(i);
    Object object(list[i], where);
    CanonicalStage stage;
    stage.inputs = index_of(object.get("inputs"), where + "'s inputs", 1, largest_index);
    stage.outputs = index_of(object.get("outputs"), where + "'s outputs", 1, largest_index);
    if (i + 1 < list.size()) {
      stage.activation = text_of(object.get("activation"), where + "'s activation");
      if (stage.activation.empty()) throw ReadError(where + "'s activation is empty");
    }
    const json* from = object.find("from");
    stage.from = from == nullptr ? std::vector<Index>{static_cast<Index>(i)}
                                 : read_blocks(*from, where, static_cast<Index>(i));
    object.finish();
    Index size = 0;
    for (const Index j : stage.from) {
      if (__builtin_add_overflow(size, sizes[static_cast<std::size_t>(j)], &size))
        throw ReadError(where + "'s inputs are too many");
    }
    if (stage.inputs != size) {
      throw ReadError(where + (from == nullptr ? "'s inputs are not the outputs of the stage before it"
                                               : "'s inputs are not those of the blocks that it reads"));
    }
    sizes.push_back(stage.outputs);
    stages.push_back(std::move(stage));
  }
  if (stages.empty() || sizes.back() != outputs)
    throw ReadError("the stages do not lead to the network's outputs");
  return stages;
}

void read_network_part(const json& value, Certificate& certificate) {
  Object object(value, "'network'");
  if (const json* file = object.find("file")) text_of(*file, "'file'");
  certificate.sha256 = hash_of(object.get("sha256"), "'sha256'");
  if (const json* external = object.find("external")) certificate.external = read_external(*external);
  if (const json* reading = object.find("reading")) certificate.reading = read_reading(*reading);
  certificate.inputs = index_of(object.get("inputs"), "'inputs'", 1, largest_index);
  certificate.outputs = index_of(object.get("outputs"), "'outputs'", 1, largest_index);
  certificate.stages = read_stages(object.get("stages"), certificate.inputs, certificate.outputs);
  object.finish();
}

Norm read_norm(const std::string& text) {
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    if (to_string(norm) == text) return norm;
  }
  throw ReadError("'norm' is " + in_quotes(text) + " but must be one of linf, l2, l1");
}

Objective read_objective(const json& value, Index outputs) {
  Object object(value, "'objective'");
  Objective objective;
  int kinds = 0;
  if (const json* output = object.find("output")) {
    ++kinds;
    objective.k = index_of(*output, "'output'", 0, outputs);
  }
  if (const json* margin = object.find("margin")) {
    ++kinds;
    objective.kind = Objective::Kind::margin;
    const json::array_t& pair = list_of(*margin, "'margin'");
    if (pair.size() != 2) throw ReadError("'margin' is not a pair of outputs");
    objective.k = index_of(pair[0], "'margin'", 0, outputs);
    objective.j = index_of(pair[1], "'margin'", 0, outputs);
    if (objective.k == objective.j) throw ReadError("'margin' is between an output and itself");
  }
  if (const json* row = object.find("row")) {
    ++kinds;
    objective.kind = Objective::Kind::row;
    objective.row = doubles_of(*row, "'row'", outputs);
  }
  if (const json* vector = object.find("vector")) {
    ++kinds;
    objective.kind = Objective::Kind::vector;
    if (!flag_of(*vector, "'vector'")) throw ReadError("'vector' is false");
  }
  object.finish();
  if (kinds != 1) throw ReadError("'objective' must have exactly one of output, margin, row, vector");
  return objective;
}

void read_query(const json& value, Certificate& certificate) {
  Object object(value, "'query'");
  certificate.norm = read_norm(text_of(object.get("norm"), "'norm'"));
  certificate.objective = read_objective(object.get("objective"), certificate.outputs);
  object.finish();
  if (certificate.norm == Norm::l1 && certificate.objective.kind == Objective::Kind::vector) {
    throw ReadError("the objective 'vector' has no bound in l1");
  }
}

std::vector<SlopeIntervals> read_slopes(const json& value, const std::vector<CanonicalStage>& stages) {
  const json::array_t& list = list_of(value, "'slopes'");
  if (list.size() + 1 != stages.size() || list.empty()) {
    throw ReadError("'slopes' has " + std::to_string(list.size()) + " entries but the network has " +
                    std::to_string(stages.size() - 1) + " activation layers");
  }
  std::vector<SlopeIntervals> slopes;
  for (std::size_t l = 0; l < list.size(); ++l) {
    const std::string where = "'slopes' of layer " + std::to_string(l);
    Object object(list[l], where);
    SlopeIntervals layer;
    layer.lower = doubles_of(object.get("lower"), where + ", 'lower'", stages[l].outputs);
    layer.upper = doubles_of(object.get("upper"), where + ", 'upper'", stages[l].outputs);
    object.finish();
    for (std::size_t i = 0; i < layer.lower.size(); ++i) {
      if (layer.lower[i] > layer.upper[i]) {
        throw ReadError(where + ": the interval of neuron " + std::to_string(i) + " is empty");
      }
    }
    slopes.push_back(std::move(layer));
  }
  return slopes;
}

std::vector<Index> read_coordinates(const json& value, const std::string& where, Index inputs) {
  std::vector<Index> coordinates;
  for (const json& entry : list_of(value, where)) {
    const Index j = index_of(entry, where, 0, inputs);
    if (!coordinates.empty() && j <= coordinates.back())
      throw ReadError(where + " are not in ascending order");
    coordinates.push_back(j);
  }
  if (coordinates.empty()) throw ReadError(where + " are none");
  return coordinates;
}

/// Whether a proof's multiplier is there; for a bound of zero an empty list is as good as none.
bool present(const json* value, bool needed, const std::string& where) {
  if (value == nullptr && needed) throw ReadError(where + " is missing");
  return value != nullptr && (needed || !value->is_array() || !value->empty());
}

ProofEntry read_proof(const json& value, const std::string& where, const Certificate& certificate) {
  Object object(value, where);
  ProofEntry proof;
  if (const json* row = object.find("objective_row")) {
    proof.objective_row = index_of(*row, where + ": 'objective_row'", 0, certificate.outputs);
  }
  if (const json* coordinates = object.find("coordinates")) {
    proof.coordinates = read_coordinates(*coordinates, where + ": 'coordinates'", certificate.inputs);
  }
  proof.bound = bound_of(object.get("bound"), where + ": 'bound'");
  const bool needed = proof.bound > 0.0;
  Multipliers& multipliers = proof.multipliers;
  if (const json* zeta = object.find("zeta"); present(zeta, needed, where + ": 'zeta'")) {
    multipliers.zeta = multiplier_of(*zeta, where + ": 'zeta'");
  }
  if (const json* gamma = object.find("gamma"); present(gamma, needed, where + ": 'gamma'")) {
    Index count = certificate.norm == Norm::l2 ? 1 : certificate.inputs;
    if (proof.coordinates) count = static_cast<Index>(proof.coordinates->size());
    multipliers.gamma = multipliers_of(*gamma, where + ": 'gamma'", count);
  }
  if (const json* lambda = object.find("lambda"); present(lambda, needed, where + ": 'lambda'")) {
    const json::array_t& layers = list_of(*lambda, where + ": 'lambda'");
    if (layers.size() + 1 != certificate.stages.size()) {
      throw ReadError(where + ": 'lambda' has " + std::to_string(layers.size()) +
                      " lists but the network has " + std::to_string(certificate.stages.size() - 1) +
                      " activation layers");
    }
    for (std::size_t l = 0; l < layers.size(); ++l) {
      multipliers.lambda.push_back(multipliers_of(
          layers[l], where + ": 'lambda' of layer " + std::to_string(l), certificate.stages[l].outputs));
    }
  }
  object.finish();
  return proof;
}

/// Facts for people, which nothing follows from; but nobody may be told less than what is proved.
void check_remarks(Object& object, double bound) {
  if (const json* tool = object.find("tool")) text_of(*tool, "'tool'");
  for (const char* key : {"bound_decimal", "inflation"}) {
    const json* value = object.find(key);
    if (value != nullptr && !value->is_number()) throw ReadError(in_quotes(key) + " is not a number");
  }
  const json* decimal = object.find("bound_decimal");
  if (decimal != nullptr && decimal->get<double>() < bound) {
    throw ReadError("'bound_decimal' is below the bound itself");
  }
}

}  // namespace

Certificate read_certificate(Bytes file) {
  const json root = parse_json(file);
  Object object(root, "the certificate");
  if (text_of(object.get("format"), "'format'") != "geolip-certificate") {
    throw ReadError("'format' is not that of a certificate");
  }
  if (const json& version = object.get("version"); !version.is_number_unsigned() || version != 1U) {
    throw ReadError("the certificate's version is not known (only version 1 is)");
  }
  Certificate certificate;
  read_network_part(object.get("network"), certificate);
  read_query(object.get("query"), certificate);
  if (const json* slopes = object.find("slopes"))
    certificate.slopes = read_slopes(*slopes, certificate.stages);
  certificate.bound = bound_of(object.get("bound"), "'bound'");
  check_remarks(object, certificate.bound);
  const json::array_t& proofs = list_of(object.get("proofs"), "'proofs'");
  if (proofs.empty()) throw ReadError("'proofs' is empty");
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    certificate.proofs.push_back(read_proof(proofs[i], "proof " + std::to_string(i), certificate));
  }
  object.finish();
  return certificate;
}

std::string to_string(Norm norm) {
  switch (norm) {
    case Norm::linf:
      return "linf";
    case Norm::l2:
      return "l2";
    case Norm::l1:
      return "l1";
  }
  return "unknown";
}

std::string to_string(const Objective& objective) {
  switch (objective.kind) {
    case Objective::Kind::output:
      return "output " + std::to_string(objective.k);
    case Objective::Kind::margin:
      return "margin " + std::to_string(objective.k) + "-" + std::to_string(objective.j);
    case Objective::Kind::row:
      return "row";
    case Objective::Kind::vector:
      return "vector";
  }
  return "unknown";
}

}  // namespace geolip::checker
