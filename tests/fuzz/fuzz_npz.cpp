// .npz archives. Most changes break an archive's checksums, and nothing behind them would ever be reached:
// the mutator sets those of the stored entries right again.
#include <formats/reader.hpp>
#include <fuzz/contract.hpp>

#include <zlib.h>

namespace {

constexpr std::uint32_t central_signature = 0x02014B50;
constexpr std::size_t central_size = 46;
constexpr std::size_t local_size = 30;
// offsets in a central and a local header
constexpr std::size_t central_method = 10;
constexpr std::size_t central_crc = 16;
constexpr std::size_t central_length = 20;
constexpr std::size_t central_local = 42;
constexpr std::size_t local_crc = 14;
constexpr std::size_t local_name = 26;
constexpr std::size_t local_extra = 28;

using Archive = std::span<std::uint8_t>;

std::uint32_t number(Archive bytes, std::size_t at, std::size_t length) {
  std::uint32_t value = 0;
  for (std::size_t i = length; i-- > 0;) value = value << 8U | bytes[at + i];
  return value;
}

void set_number(Archive bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> 8U * i);
}

/// Computes the checksum of the stored entry whose central header stands at `at`.
void repair_entry(Archive bytes, std::size_t at) {
  const std::size_t local = number(bytes, at + central_local, 4);
  const std::size_t length = number(bytes, at + central_length, 4);
  if (number(bytes, at + central_method, 2) != 0 || local + local_size > bytes.size()) return;
  const std::size_t begin =
      local + local_size + number(bytes, local + local_name, 2) + number(bytes, local + local_extra, 2);
  if (begin > bytes.size() || length > bytes.size() - begin) return;
  const auto crc =
      static_cast<std::uint32_t>(crc32(0, bytes.data() + begin, static_cast<unsigned int>(length)));
  set_number(bytes, at + central_crc, crc);
  set_number(bytes, local + local_crc, crc);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t largest);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t largest,
                                               unsigned int /*seed*/) {
  const Archive bytes(data, LLVMFuzzerMutate(data, size, largest));
  for (std::size_t at = 0; at + central_size <= bytes.size(); ++at) {
    if (number(bytes, at, 4) == central_signature) repair_entry(bytes, at);
  }
  return bytes.size();
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  geolip::fuzz::refuse_or_read<geolip::NetworkError>([&] {
    const geolip::formats::Parsed parsed = geolip::formats::read_npz({data, size}, {});
    geolip::fuzz::require_consistent(parsed.network);
    geolip::fuzz::require_facts(parsed.facts);
  });
  return 0;
}
