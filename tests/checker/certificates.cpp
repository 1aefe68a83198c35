#include <checker/certificates.hpp>

#include <checker/exact/prove_exactly.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace geolip::checker::testing {

using nlohmann::json;

namespace {

std::string number(std::size_t value, unsigned bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8U) text += static_cast<char>(value & 0xffU);
  return text;
}

std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

std::uint32_t crc32(const std::string& text) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xedb88320U : crc >> 1U;
  }
  return crc ^ 0xffffffffU;
}

}  // namespace

std::string packed(const Entries& entries) {
  std::string file;
  std::string directory;
  for (const auto& [name, data] : entries) {
    const std::string fields =
        joined({number(20, 2), number(0, 6), number(0x21, 2), number(crc32(data), 4), number(data.size(), 4),
                number(data.size(), 4), number(name.size(), 2), number(0, 2)});
    directory += joined({"PK\x01\x02", number(20, 2), fields, number(0, 10), number(file.size(), 4), name});
    file += joined({"PK\x03\x04", fields, name, data});
  }
  const std::string end = number(0, 4) + number(entries.size(), 2) + number(entries.size(), 2) +
                          number(directory.size(), 4) + number(file.size(), 4) + number(0, 2);
  return file + directory + "PK\x05\x06" + end;
}

template <class T>
std::string array(const std::string& shape, const std::vector<T>& numbers) {
  std::string header = std::string("{'descr': '<") + (std::is_same_v<T, double> ? "f8" : "i8") +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  while ((header.size() + 11) % 64 != 0) header += ' ';
  header += '\n';
  std::string text = std::string("\x93NUMPY\x01\0", 8) + number(header.size(), 2) + header;
  text.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
  return text;
}
template std::string array(const std::string&, const std::vector<double>&);
template std::string array(const std::string&, const std::vector<Index>&);

Entries tiny_entries() {
  const std::string hash(64, 'c');
  const std::string description =
      R"({"format":"geolip-network","version":1,"source":{"file":"tiny.nnet","sha256":")" + hash +
      R"(","external":[],"reading":{},"rounded":false},"inputs":2,"layers":[)"
      R"({"name":"first","kind":"dense","reads":[0],"size":2,"arrays":["0.weight","0.bias"]},)"
      R"({"name":"relu","kind":"prelu","reads":[1],"size":2,"arrays":["1.slope"]},)"
      R"({"name":"last","kind":"dense","reads":[2],"size":1,"arrays":["2.weight","2.bias"]}]})"
      "\n";
  using Numbers = std::vector<double>;
  return {{"0.weight.npy", array("2, 2", Numbers{1, 2, 3, -1})},
          {"0.bias.npy", array("2,", Numbers{0.5, -3})},
          {"1.slope.npy", array("1,", Numbers{0})},
          {"2.weight.npy", array("1, 2", Numbers{1, -1})},
          {"2.bias.npy", array("1,", Numbers{7})},
          {"network.json", description}};
}

std::string tiny_file() { return packed(tiny_entries()); }

const CanonicalNetwork& tiny_network() {
  static const CanonicalNetwork network = read_canonical(bytes_of(tiny_file()));
  return network;
}

json tiny_certificate(InputNorm norm) {
  json certificate = json::parse(R"({
    "format": "geolip-certificate", "version": 2, "tool": "by hand",
    "network": {"source": {"file": "tiny.nnet", "external": [], "reading": {}, "rounded": false}},
    "query": {"objective": {"output": 0}},
    "bound_decimal": 10.0, "inflation": 0.0})");
  certificate["network"]["sha256"] = tiny_network().sha256;
  certificate["network"]["source"]["sha256"] = std::string(64, 'c');
  certificate["query"]["norm"] = to_string(norm);
  json proof = json::parse(R"({"zeta": "0x1p+2", "lambda": [["0x1p+0", "0x1p+0"]]})");
  const std::string bound = norm == InputNorm::linf ? "0x1.4p+3" : "0x1.08p+3";
  certificate["bound"] = bound;
  proof["bound"] = bound;
  if (norm == InputNorm::l1) {
    for (int j = 0; j < 2; ++j) {
      json one = proof;
      one["coordinates"] = {j};
      one["gamma"] = {j == 0 ? "0x1p+2" : "0x1p+1"};
      certificate["proofs"].push_back(one);
    }
    return certificate;
  }
  proof["gamma"] = norm == InputNorm::linf ? json{"0x1p+2", "0x1p+1"} : json::array({"0x1p+2"});
  certificate["proofs"] = json::array({proof});
  return certificate;
}

double true_constant(const Certificate& certificate) {
  double factor = 1.0;  // the one output's coefficient
  if (certificate.objective.kind == Objective::Kind::row) factor = certificate.objective.row.at(0);
  const std::array<std::array<double, 2>, 2> w{{{1, 2}, {3, -1}}};
  const std::array<double, 2> f{1, -1};
  double largest = 0.0;
  for (unsigned pattern = 0; pattern < 4; ++pattern) {
    std::array<double, 2> gradient{};
    for (std::size_t i = 0; i < 2; ++i) {
      double slope = (pattern >> i & 1U) != 0 ? 1.0 : 0.0;
      if (!certificate.slopes.empty()) {
        const SlopeIntervals& own = certificate.slopes[0];
        slope = slope == 1.0 ? own.upper[i] : own.lower[i];
      }
      for (std::size_t j = 0; j < 2; ++j) gradient[j] += factor * f[i] * slope * w[i][j];
    }
    const double a = std::abs(gradient[0]);
    const double b = std::abs(gradient[1]);
    const double norm = certificate.norm == InputNorm::linf ? a + b
                        : certificate.norm == InputNorm::l2 ? std::hypot(a, b)
                                                            : std::max(a, b);
    largest = std::max(largest, norm);
  }
  return largest;
}

Verification verdict(const std::string& certificate, bool exact) {
  return check(
      bytes_of(certificate), [](const Certificate&) -> const CanonicalNetwork& { return tiny_network(); },
      [exact](const Network& network, const Proof& proof) {
        return exact ? prove_exactly(network, proof) : prove(network, proof);
      });
}

}  // namespace geolip::checker::testing
