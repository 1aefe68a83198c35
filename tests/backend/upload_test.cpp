// Memory of any size reaches a device whole, and as much of it is planned with as there is.
#include <support/backends.hpp>
#include <support/variable.hpp>

#include <backend/buffer.hpp>

#include <cstdint>
#include <string>

namespace geolip {
namespace {

using backend::Buffer;
using test::Variable;

class Uploads : public test::OnEveryBackend {
 protected:
  /// Every entry tells its place and the upload that it belongs to.
  static std::vector<std::uint32_t> numbered(std::size_t count, std::uint32_t first) {
    std::vector<std::uint32_t> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = first + 2654435761U * static_cast<std::uint32_t>(i);
    return values;
  }
};
GEOLIP_ON_EVERY_BACKEND(Uploads);

// Around the sizes at which a device's backend takes another way, and the pieces in which it does.
TEST_P(Uploads, ArriveWhole) {
  constexpr std::size_t large = std::size_t{32} << 18;  // entries of 32 MiB
  for (const std::size_t count : {std::size_t{1}, large - 1, large, large + 1, 6 * large + 12345}) {
    const std::vector<std::uint32_t> values = numbered(count, 7);
    const Buffer<std::uint32_t> buffer(backend(), std::span<const std::uint32_t>(values));
    EXPECT_TRUE(buffer.download() == values) << count;
  }
}

// The way is the same one each time: nothing of an upload may be left for the next.
TEST_P(Uploads, OfTheSameMemoryFollowEachOther) {
  constexpr std::size_t count = std::size_t{40} << 18;
  Buffer<std::uint32_t> buffer(backend(), static_cast<Index>(count), 1);
  std::vector<std::uint32_t> values;
  for (std::uint32_t round = 0; round < 3; ++round) {
    values = numbered(count, 1000 * round);
    buffer.upload(values);
    EXPECT_TRUE(buffer.download() == values) << round;
  }
}

// The emulated device refuses to pin then; a real one does not read it.
TEST_P(Uploads, ArriveWithoutPinnedMemory) {
  const Variable none("GEOLIP_EMULATED_PINNED", "0");
  const std::unique_ptr<backend::Backend> other = test::make_named_backend(GetParam());
  const std::vector<std::uint32_t> values = numbered(std::size_t{40} << 18, 3);
  const Buffer<std::uint32_t> buffer(*other, std::span<const std::uint32_t>(values));
  EXPECT_TRUE(buffer.download() == values);
}

// Only the emulated device has others that can be told what to hold.
TEST_P(Uploads, MemoryIsWhatOthersLeave) {
  const std::size_t all = backend().memory();
  if (backend().name().find("emulated") == std::string::npos) GTEST_SKIP() << "no others to be told";
  const Buffer<double> own(backend(), 1000, 1000);
  EXPECT_EQ(backend().memory(), all);  // what it holds itself counts
  constexpr std::size_t held = 123456789;
  const Variable others("GEOLIP_EMULATED_OTHERS", std::to_string(held));
  EXPECT_EQ(backend().memory(), all - held);
}

}  // namespace
}  // namespace geolip
