#include <emulation/memory.hpp>

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace geolip::emulation {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t alignment = 256;  // as cudaMalloc gives it
constexpr std::size_t default_size = std::size_t{4} << 30;

struct Piece {
  char* mapping;
  std::size_t mapped;
  std::size_t bytes;
  bool counted;
};

std::map<void*, Piece>& pieces() {
  static std::map<void*, Piece> all;
  return all;
}
std::size_t in_use = 0;

Piece& find(void* memory) {
  const auto piece = pieces().find(memory);
  if (piece == pieces().end()) {
    std::fprintf(stderr, "emulated device: %p is released, but is no memory of the device\n", memory);
    std::abort();
  }
  return piece->second;
}

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

}  // namespace

std::size_t memory_size() {
  const char* value = std::getenv("GEOLIP_EMULATED_MEMORY");
  return value == nullptr ? default_size : std::strtoull(value, nullptr, 10);
}

std::size_t memory_of_others() {
  const char* value = std::getenv("GEOLIP_EMULATED_OTHERS");
  return value == nullptr ? 0 : std::strtoull(value, nullptr, 10);
}

std::size_t memory_in_use() { return in_use; }

void* allocate(std::size_t bytes) {
  const std::size_t size = round_up(bytes, alignment);
  if (in_use + size + memory_of_others() > memory_size()) return nullptr;
  // one page beyond the end, which faults
  const std::size_t usable = round_up(size, page);
  void* mapping = mmap(nullptr, usable + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  auto* begin = static_cast<char*>(mapping);
  if (mprotect(mapping, usable, PROT_READ | PROT_WRITE) != 0) return nullptr;
  std::memset(mapping, 0xff, usable);
  char* memory = begin + (usable - size);
  pieces()[memory] = {begin, usable + page, size, true};
  in_use += size;
  return memory;
}

void forget(void* memory) {
  Piece& piece = find(memory);
  if (!piece.counted) {
    std::fprintf(stderr, "emulated device: %p is released twice\n", memory);
    std::abort();
  }
  piece.counted = false;
  in_use -= piece.bytes;
}

// The addresses stay reserved, so that no later piece can take them.
void destroy(void* memory) {
  const Piece& piece = find(memory);
  if (mmap(piece.mapping, piece.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
           -1, 0) == MAP_FAILED) {
    std::perror("emulated device");
    std::abort();
  }
}

}  // namespace geolip::emulation
