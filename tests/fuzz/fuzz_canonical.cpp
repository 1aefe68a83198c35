// Canonical network files, for the checker's reader and the product's: what both read is the same network. An
// input is an archive, or the entries of one, which are packed here so that checksums hide nothing: each a byte
// with the length of its name, the name, two bytes with the length of its data, and those.
#include <checker/canonical.hpp>
#include <checker/certificates.hpp>
#include <formats/reader.hpp>
#include <fuzz/contract.hpp>
#include <solve/checker.hpp>

namespace {

namespace checker = geolip::checker;
using geolip::fuzz::require;

// Convolutions write out a matrix for tensors of any size.
constexpr geolip::Index largest_tensor = 1 << 12;

std::string archive_of(std::string_view input) {
  if (input.starts_with("PK")) return std::string(input);
  checker::testing::Entries entries;
  const auto take = [&](std::size_t count) {
    const std::string_view part = input.substr(0, count);
    input.remove_prefix(part.size());
    return std::string(part);
  };
  const auto byte = [&] {
    const std::string one = take(1);
    return one.empty() ? std::size_t{0} : static_cast<std::size_t>(static_cast<unsigned char>(one[0]));
  };
  while (!input.empty()) {
    std::string name = take(byte());
    const std::size_t low = byte();
    entries.emplace_back(std::move(name), take(low + 256 * byte()));
  }
  return checker::testing::packed(entries);
}

std::optional<geolip::checker::CanonicalNetwork> read(const std::string& file) {
  try {
    return checker::read_canonical(checker::testing::bytes_of(file), largest_tensor);
  } catch (const checker::ReadError& error) {
    geolip::fuzz::require_sentence(error.what());
    return std::nullopt;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file = archive_of({reinterpret_cast<const char*>(data), size});
  const auto own = read(file);
  geolip::fuzz::refuse_or_read<geolip::NetworkError>([&] {
    geolip::formats::Parsed parsed = geolip::formats::read_npz(checker::testing::bytes_of(file), {});
    geolip::fuzz::require_consistent(parsed.network);
    geolip::fuzz::require_facts(parsed.facts);
    if (!own) return;
    require(geolip::solve::checker_network(parsed.network) == own->network, "two readings of one file");
    // and written it is read the same again
    const std::string again = geolip::canonical_bytes(
        {std::move(parsed.network), "canonical", own->sha256, {}, std::move(*parsed.source)});
    const auto twice = read(again);
    require(twice && twice->network == own->network && twice->source == own->source,
            "a network that is another one when it was written");
  });
  return 0;
}
