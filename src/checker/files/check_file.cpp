#include "checker/files/check_file.hpp"

#include "checker/chain.hpp"
#include "checker/files/sha256.hpp"
#include "checker/refusal.hpp"

#include <algorithm>
#include <fstream>
#include <new>
#include <set>

namespace geolip::checker {
namespace {

namespace fs = std::filesystem;

/// Whether a relative path stays below the folder that it starts from.
bool stays_below(const fs::path& path) {
  return !path.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

/// Gives files below a folder.
ExternalData files_below(const fs::path& folder) {
  return [folder](const std::string& location) {
    const auto refuse = [&]() -> ReadError {
      return ReadError("the external file " + in_quotes(location) + " is not below the model's folder");
    };
    if (location.find('\0') != std::string::npos || !stays_below(location)) throw refuse();
    // a link could lead elsewhere though the path does not
    std::error_code error;
    const fs::path base = fs::canonical(folder.empty() ? fs::path(".") : folder, error);
    const fs::path target = error ? fs::path() : fs::canonical(base / location, error);
    if (error) throw ReadError("the external file " + in_quotes(location) + " cannot be found");
    if (!stays_below(target.lexically_relative(base))) throw refuse();
    try {
      return read_file(target);
    } catch (const UnreadableFile&) {
      throw ReadError("the external file " + in_quotes(location) + " cannot be read");
    }
  };
}

/// What the rows of the claims are, one list for each proof.
std::vector<double> unit_row(Index outputs, Index k) {
  std::vector<double> row(static_cast<std::size_t>(outputs), 0.0);
  row[static_cast<std::size_t>(k)] = 1.0;
  return row;
}

std::vector<std::vector<double>> claimed_rows(const Certificate& certificate, const ProofEntry& proof) {
  const Objective& objective = certificate.objective;
  const Index outputs = certificate.outputs;
  switch (objective.kind) {
    case Objective::Kind::output:
      return {unit_row(outputs, objective.k)};
    case Objective::Kind::margin: {
      std::vector<double> row = unit_row(outputs, objective.k);
      row[static_cast<std::size_t>(objective.j)] = -1.0;
      return {row};
    }
    case Objective::Kind::row:
      return {objective.row};
    case Objective::Kind::vector:
      break;
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
void check_coverage(const Certificate& certificate, const std::vector<ProofEntry>& proofs) {
  const bool by_row = certificate.norm == Norm::linf && certificate.objective.kind == Objective::Kind::vector;
  const bool by_coordinate = certificate.norm == Norm::l1;
  std::set<Index> rows;
  std::set<Index> coordinates;
  bool all_coordinates = false;
  for (const ProofEntry& proof : proofs) {
    if (proof.objective_row.has_value() != by_row) {
      throw ReadError(by_row ? "a proof does not say which output it is about"
                             : "'objective_row' belongs to the objective 'vector' in linf alone");
    }
    if (proof.coordinates && !by_coordinate) throw ReadError("'coordinates' belong to l1 alone");
    if (by_row && !rows.insert(*proof.objective_row).second) {
      throw ReadError("output " + std::to_string(*proof.objective_row) + " has two proofs");
    }
    if (proof.coordinates) coordinates.insert(proof.coordinates->begin(), proof.coordinates->end());
    all_coordinates = all_coordinates || !proof.coordinates;
    if (proof.bound > certificate.bound) throw ReadError("a proof's bound is above the certificate's");
  }
  if (by_row && static_cast<Index>(rows.size()) != certificate.outputs) {
    throw ReadError("the proofs cover " + std::to_string(rows.size()) + " of " +
                    std::to_string(certificate.outputs) + " outputs");
  }
  if (by_coordinate && !all_coordinates && static_cast<Index>(coordinates.size()) != certificate.inputs) {
    throw ReadError("the proofs cover " + std::to_string(coordinates.size()) + " of " +
                    std::to_string(certificate.inputs) + " input coordinates");
  }
  if (!by_row && !by_coordinate && proofs.size() != 1) {
    throw ReadError("there are " + std::to_string(proofs.size()) + " proofs where one is asked for");
  }
}

/// Throws ReadError, with the reason, unless the certificate holds.
void require_proved(const Certificate& certificate, std::vector<ProofEntry> proofs, NetworkSource& source,
                    const Prover& prover) {
  if (certificate.sha256 != source.sha256()) {
    throw ReadError("the certificate is about another file: the SHA-256 of the network differs");
  }
  check_coverage(certificate, proofs);
  const Network& network = source.network(certificate.reading, certificate.external);
  if (network.inputs != certificate.inputs || network.outputs != certificate.outputs ||
      canonical_stages(network) != certificate.stages) {
    throw ReadError("the certificate's stages are not those of the network");
  }
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    ProofEntry& entry = proofs[i];
    Proof proof;
    proof.claim.norm = certificate.norm;
    proof.claim.rows = claimed_rows(certificate, entry);
    proof.claim.slopes = certificate.slopes;
    proof.claim.coordinates = entry.coordinates.value_or(std::vector<Index>());
    proof.claim.bound = entry.bound;
    proof.multipliers = std::move(entry.multipliers);
    const Verdict verdict = prover(network, proof);
    if (!verdict.verified) {
      throw ReadError((proofs.size() > 1 ? "proof " + std::to_string(i) + ": " : "") + verdict.reason);
    }
  }
}

}  // namespace

std::vector<unsigned char> read_file(const fs::path& path) {
  const std::string name = printable(path.string());
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw UnreadableFile(name + ": there is no such file");
  // a pipe or a device has no size that could limit the memory
  if (!fs::is_regular_file(status)) throw UnreadableFile(name + ": this is not a regular file");
  const auto size = fs::file_size(path, error);
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream) throw UnreadableFile(name + ": the file cannot be opened");
  std::vector<unsigned char> bytes(size);
  if (size > 0 && !stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    throw UnreadableFile(name + ": the file cannot be read to its end");
  }
  return bytes;
}

NetworkSource::NetworkSource(const fs::path& path)
    : NetworkSource(read_file(path), path.extension().string(), files_below(path.parent_path())) {}

NetworkSource::NetworkSource(std::vector<unsigned char> bytes, std::string extension, ExternalData external)
    : bytes_(std::move(bytes)),
      extension_(std::move(extension)),
      external_(std::move(external)),
      sha256_(checker::sha256(bytes_)) {}

const Network& NetworkSource::network(const Reading& reading, const std::vector<ExternalHash>& external) {
  if (reading_ == reading && external.empty()) return network_;
  reading_.reset();
  const auto listed = [&](const std::string& location) {
    const auto hash = std::find_if(external.begin(), external.end(),
                                   [&](const ExternalHash& file) { return file.location == location; });
    if (hash == external.end()) {
      throw ReadError("the external file " + in_quotes(location) + " is not listed in the certificate");
    }
    std::vector<unsigned char> bytes = external_(location);
    if (checker::sha256(bytes) != hash->sha256) {
      throw ReadError("the SHA-256 of the external file " + in_quotes(location) + " differs");
    }
    return bytes;
  };
  network_ = read_network(bytes_, extension_, reading, listed);
  if (external.empty()) reading_ = reading;
  return network_;
}

std::vector<CanonicalStage> canonical_stages(const Network& network) {
  const Chain chain = make_chain(network, Claim());
  std::vector<CanonicalStage> stages;
  std::vector<std::string> names;
  for (const Layer& layer : network.layers) {
    if (const auto* slopes = std::get_if<Slopes>(&layer.op)) names.push_back(slopes->activation);
  }
  names.emplace_back();
  for (Index k = 1; k <= chain.depth() + 1; ++k) {
    CanonicalStage stage{0, chain.width(k), names[static_cast<std::size_t>(k - 1)], sources_of(chain, k)};
    for (const Index j : stage.from) stage.inputs += chain.width(j);
    stages.push_back(std::move(stage));
  }
  return stages;
}

Verification check(Bytes bytes, NetworkSource& source, const Prover& prover) {
  Verification result;
  try {
    result.certificate = read_certificate(bytes);
    std::vector<ProofEntry> proofs = std::move(result.certificate->proofs);
    result.certificate->proofs.clear();
    require_proved(*result.certificate, std::move(proofs), source, prover);
    result.verified = true;
  } catch (const ReadError& error) {
    result.reason = error.what();
  } catch (const Refusal& refusal) {
    result.reason = refusal.what();
  } catch (const std::bad_alloc&) {
    result.reason = "there is not enough memory to check it";
  } catch (const std::length_error&) {
    result.reason = "there is not enough memory to check it";
  }
  return result;
}

}  // namespace geolip::checker
