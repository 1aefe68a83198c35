#include <checker/certificate.hpp>

#include <checker/real.hpp>

#include <array>
#include <cfenv>
#include <cstdio>
#include <fstream>
#include <new>
#include <set>

namespace geolip::checker {
namespace {

using nlohmann::json;

/// The numbers of a list, each read by `read` from its text; a complaint says where it stands.
template <class Read>
auto numbers_of(const json& value, const std::string& what, const Read& read) {
  if (!value.is_array()) throw ReadError(what + " is not a list");
  std::vector<decltype(read(std::string_view()))> numbers;
  for (const json& entry : value) {
    if (!entry.is_string()) throw ReadError(what + " holds what is not a text");
    try {
      numbers.push_back(read(entry.get_ref<const std::string&>()));
    } catch (const ReadError& error) {
      throw ReadError(what + ": " + error.what());
    }
  }
  return numbers;
}

std::vector<double> doubles_of(const json& value, const std::string& what) {
  return numbers_of(value, what, parse_hex_double);
}

/// Multipliers; none is negative.
std::vector<Real> multipliers_of(const json& value, const std::string& what) {
  std::vector<Real> values = numbers_of(value, what, parse_hex);
  for (const Real& number : values) {
    if (number.significand < 0.0) throw ReadError(what + " holds a negative number");
  }
  return values;
}

double bound_of(const json& value, const std::string& what) {
  const double bound = doubles_of(json::array({value}), what).front();
  if (bound < 0.0) throw ReadError(what + " is negative");
  return bound;
}

InputNorm read_norm(const std::string& text) {
  for (const InputNorm norm : {InputNorm::linf, InputNorm::l2, InputNorm::l1}) {
    if (to_string(norm) == text) return norm;
  }
  throw ReadError("'norm' is " + in_quotes(text) + " but must be one of linf, l2, l1");
}

Objective read_objective(const json& value) {
  Object object(value, "'objective'");
  Objective objective;
  int kinds = 0;
  if (object.find("output") != nullptr) {
    ++kinds;
    objective.k = object.index("output");
  }
  if (object.find("margin") != nullptr) {
    ++kinds;
    objective.kind = Objective::Kind::margin;
    const std::vector<Index> pair = object.indices("margin");
    if (pair.size() != 2) throw ReadError("'margin' is not a pair of outputs");
    objective.k = pair[0];
    objective.j = pair[1];
    if (objective.k == objective.j) throw ReadError("'margin' is between an output and itself");
  }
  if (const json* row = object.find("row")) {
    ++kinds;
    objective.kind = Objective::Kind::row;
    objective.row = doubles_of(*row, "'row'");
  }
  if (object.find("vector") != nullptr) {
    ++kinds;
    objective.kind = Objective::Kind::vector;
    if (!object.flag("vector")) throw ReadError("'vector' is false");
  }
  object.finish();
  if (kinds != 1) throw ReadError("'objective' must have exactly one of output, margin, row, vector");
  return objective;
}

std::vector<SlopeIntervals> read_slopes(const json::array_t& list) {
  if (list.empty()) throw ReadError("'slopes' is empty");
  std::vector<SlopeIntervals> slopes;
  for (const json& value : list) {
    const std::string where = "'slopes' of layer " + std::to_string(slopes.size());
    Object object(value, where);
    slopes.push_back({doubles_of(object.get("lower"), where + ", 'lower'"),
                      doubles_of(object.get("upper"), where + ", 'upper'")});
    object.finish();
  }
  return slopes;
}

std::vector<Index> read_coordinates(Object& object) {
  std::vector<Index> coordinates = object.indices("coordinates");
  if (coordinates.empty()) object.refuse("coordinates", "are none");
  for (std::size_t i = 1; i < coordinates.size(); ++i) {
    if (coordinates[i] <= coordinates[i - 1]) object.refuse("coordinates", "are not in ascending order");
  }
  return coordinates;
}

ProofEntry read_proof(const json& value, const std::string& where) {
  Object object(value, where);
  ProofEntry proof;
  if (object.find("objective_row") != nullptr) proof.objective_row = object.index("objective_row");
  if (object.find("coordinates") != nullptr) proof.coordinates = read_coordinates(object);
  proof.bound = bound_of(object.get("bound"), where + ": 'bound'");
  // a bound of zero may need no multipliers
  const auto wanted = [&](const char* key) {
    return proof.bound > 0.0 ? &object.get(key) : object.find(key);
  };
  if (const json* zeta = wanted("zeta"))
    proof.multipliers.zeta = multipliers_of(json::array({*zeta}), where + ": 'zeta'").front();
  if (const json* gamma = wanted("gamma"))
    proof.multipliers.gamma = multipliers_of(*gamma, where + ": 'gamma'");
  if (wanted("lambda") != nullptr) {
    const std::string name = where + ": 'lambda' of layer ";
    for (const json& layer : object.list("lambda")) {
      const std::size_t k = proof.multipliers.lambda.size();
      proof.multipliers.lambda.push_back(multipliers_of(layer, name + std::to_string(k)));
    }
  }
  object.finish();
  return proof;
}

/// Facts for people, which nothing follows from; but nobody may be told less than what is proved.
void check_remarks(Object& object, double bound) {
  if (object.find("tool") != nullptr) object.text("tool");
  for (const char* key : {"bound_decimal", "inflation"}) {
    const json* value = object.find(key);
    if (value != nullptr && !value->is_number()) throw ReadError(in_quotes(key) + " is not a number");
  }
  const json* decimal = object.find("bound_decimal");
  if (decimal != nullptr && decimal->get<double>() < bound)
    throw ReadError("'bound_decimal' is below the bound itself");
}

}  // namespace

Certificate read_certificate(Bytes file) {
  constexpr int deepest = 6;  // certificate, proofs, proof, lambda, list, number
  const json root = parse_json(file, "the certificate", deepest);
  Object object(root, "the certificate");
  if (object.text("format") != "geolip-certificate") throw ReadError("'format' is not that of a certificate");
  if (const json& version = object.get("version"); !version.is_number_unsigned() || version != 2U)
    throw ReadError("the certificate's version is not known (only version 2 is)");
  Certificate certificate;
  Object network(object.get("network"), "'network'");
  certificate.sha256 = network.hash("sha256");
  certificate.source = read_source(network.get("source"));
  network.finish();
  Object query(object.get("query"), "'query'");
  certificate.norm = read_norm(query.text("norm"));
  certificate.objective = read_objective(query.get("objective"));
  query.finish();
  if (certificate.norm == InputNorm::l1 && certificate.objective.kind == Objective::Kind::vector)
    throw ReadError("the objective 'vector' has no bound in l1");
  if (object.find("slopes") != nullptr) certificate.slopes = read_slopes(object.list("slopes"));
  certificate.bound = bound_of(object.get("bound"), "'bound'");
  check_remarks(object, certificate.bound);
  for (const json& proof : object.list("proofs"))
    certificate.proofs.push_back(read_proof(proof, "proof " + std::to_string(certificate.proofs.size())));
  if (certificate.proofs.empty()) throw ReadError("'proofs' is empty");
  object.finish();
  return certificate;
}

std::string to_string(InputNorm norm) {
  return norm == InputNorm::linf ? "linf" : norm == InputNorm::l2 ? "l2" : "l1";
}

std::string to_string(const Objective& objective) {
  using Kind = Objective::Kind;
  if (objective.kind == Kind::output) return "output " + std::to_string(objective.k);
  if (objective.kind == Kind::margin)
    return "margin " + std::to_string(objective.k) + "-" + std::to_string(objective.j);
  return objective.kind == Kind::row ? "row" : "vector";
}

namespace {

/// What the rows of the claims are, one list for each proof.
std::vector<double> unit_row(Index outputs, Index k) {
  std::vector<double> row(at(outputs), 0.0);
  row[at(k)] = 1.0;
  return row;
}

std::vector<std::vector<double>> claimed_rows(const Objective& objective, const ProofEntry& proof,
                                              Index outputs) {
  if (objective.kind == Objective::Kind::row) return {objective.row};
  if (objective.kind == Objective::Kind::output) return {unit_row(outputs, objective.k)};
  if (objective.kind == Objective::Kind::margin) {
    std::vector<double> row = unit_row(outputs, objective.k);
    row[at(objective.j)] = -1.0;
    return {row};
  }
  if (proof.objective_row) return {unit_row(outputs, *proof.objective_row)};
  constexpr Index most = 8192;  // the rows are a matrix of outputs x outputs
  if (outputs > most)
    throw ReadError("a vector of " + std::to_string(outputs) + " outputs is too long to check");
  std::vector<std::vector<double>> rows;
  for (Index k = 0; k < outputs; ++k) rows.push_back(unit_row(outputs, k));
  return rows;
}

/// The proofs must be those that the query asks for: one, or in l_inf one for each row of a vector, or in l_1
/// enough for all coordinates.
void check_coverage(const Certificate& certificate, const std::vector<ProofEntry>& proofs,
                    const Network& network) {
  const Index outputs = network.outputs;
  const auto& objective = certificate.objective;
  if (objective.k >= outputs || objective.j >= outputs)
    throw ReadError("the certificate is about an output that the network does not have");
  const bool by_row = certificate.norm == InputNorm::linf && objective.kind == Objective::Kind::vector;
  const bool by_coordinate = certificate.norm == InputNorm::l1;
  std::set<Index> rows;
  std::set<Index> coordinates;
  bool all_coordinates = false;
  for (const ProofEntry& proof : proofs) {
    if (proof.objective_row.has_value() != by_row) {
      throw ReadError(by_row ? "a proof does not say which output it is about"
                             : "'objective_row' belongs to the objective 'vector' in linf alone");
    }
    if (proof.coordinates && !by_coordinate) throw ReadError("'coordinates' belong to l1 alone");
    if (by_row && *proof.objective_row >= outputs)
      throw ReadError("a proof is about an output that is not there");
    if (by_row && !rows.insert(*proof.objective_row).second)
      throw ReadError("output " + std::to_string(*proof.objective_row) + " has two proofs");
    if (proof.coordinates && proof.coordinates->back() >= network.inputs)
      throw ReadError("a proof is about an input coordinate that is not there");
    if (proof.coordinates) coordinates.insert(proof.coordinates->begin(), proof.coordinates->end());
    all_coordinates = all_coordinates || !proof.coordinates;
    if (proof.bound > certificate.bound) throw ReadError("a proof's bound is above the certificate's");
  }
  if (by_row && static_cast<Index>(rows.size()) != outputs) {
    throw ReadError("the proofs cover " + std::to_string(rows.size()) + " of " + std::to_string(outputs) +
                    " outputs");
  }
  if (by_coordinate && !all_coordinates && static_cast<Index>(coordinates.size()) != network.inputs) {
    throw ReadError("the proofs cover " + std::to_string(coordinates.size()) + " of " +
                    std::to_string(network.inputs) + " input coordinates");
  }
  if (!by_row && !by_coordinate && proofs.size() != 1)
    throw ReadError("there are " + std::to_string(proofs.size()) + " proofs where one is asked for");
}

/// Throws ReadError, with the reason, unless the certificate holds.
void require_proved(const Certificate& certificate, std::vector<ProofEntry> proofs,
                    const CanonicalNetwork& canonical, const Prover& prover) {
  if (certificate.sha256 != canonical.sha256)
    throw ReadError("the certificate is about another network: the SHA-256 of the canonical file differs");
  if (certificate.source != canonical.source)
    throw ReadError("the certificate names another source than the canonical file");
  const Network& network = canonical.network;
  check_coverage(certificate, proofs, network);
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    ProofEntry& entry = proofs[i];
    Proof proof;
    proof.claim.norm = certificate.norm;
    proof.claim.rows = claimed_rows(certificate.objective, entry, network.outputs);
    proof.claim.slopes = certificate.slopes;
    proof.claim.coordinates = entry.coordinates.value_or(std::vector<Index>());
    proof.claim.bound = entry.bound;
    proof.multipliers = std::move(entry.multipliers);
    const Verdict verdict = prover(network, proof);
    if (!verdict.verified)
      throw ReadError((proofs.size() > 1 ? "proof " + std::to_string(i) + ": " : "") + verdict.reason);
  }
}

}  // namespace

std::vector<unsigned char> read_file(const std::filesystem::path& path) {
  const std::string name = printable(path.string());
  std::error_code error;
  // a pipe or a device has no size that could limit the memory
  if (!std::filesystem::is_regular_file(path, error)) {
    const bool there = std::filesystem::exists(path, error);
    throw UnreadableFile(name + (there ? ": this is not a regular file" : ": there is no such file"));
  }
  const auto all = std::filesystem::file_size(path, error);
  std::vector<unsigned char> bytes(error ? 0 : all);
  std::ifstream stream(path, std::ios::binary);
  const auto size = static_cast<std::streamsize>(bytes.size());
  if (error || !stream || (size > 0 && !stream.read(reinterpret_cast<char*>(bytes.data()), size)))
    throw UnreadableFile(name + ": the file cannot be read");
  return bytes;
}

Verification check(Bytes bytes, const NetworkOf& network, const Prover& prover) {
  Verification result;
  try {
    result.certificate = read_certificate(bytes);
    std::vector<ProofEntry> proofs = std::move(result.certificate->proofs);
    result.certificate->proofs.clear();
    require_proved(*result.certificate, std::move(proofs), network(*result.certificate), prover);
    result.verified = true;
  } catch (const ReadError& error) {
    result.reason = error.what();
  } catch (const std::bad_alloc&) {
    result.reason = "there is not enough memory to check it";
  } catch (const std::length_error&) {
    result.reason = "there is not enough memory to check it";
  }
  return result;
}

std::string line_of(const std::string& name, const Verification& verification) {
  if (!verification.verified) return "REJECTED  " + printable(name) + "  " + printable(verification.reason);
  const Certificate& certificate = *verification.certificate;
  std::array<char, 32> bound{};
  const int rounding = std::fegetround();
  std::fesetround(FE_UPWARD);
  std::snprintf(bound.data(), bound.size(), "%#.10g", certificate.bound);
  std::fesetround(rounding);
  std::string conditions;
  const auto add = [&](const std::string& text) { conditions += (conditions.empty() ? "  (" : ", ") + text; };
  if (!certificate.slopes.empty()) add("only where all slopes lie in the certificate's own intervals");
  if (certificate.source.activation) add("activation " + printable(*certificate.source.activation));
  if (certificate.source.logits) add("logits");
  if (certificate.source.physical_units) add("physical units");
  if (certificate.source.rounded) add("of weights that were rounded when the file was read");
  if (!conditions.empty()) conditions += ')';
  return "VERIFIED  " + printable(name) + "  " + to_string(certificate.norm) + "  " +
         to_string(certificate.objective) + "  bound " + bound.data() + conditions;
}

}  // namespace geolip::checker
