#include <backend/backend.hpp>
#include <backend/cuda.hpp>

#include <geolip/error.hpp>

#include <charconv>
#include <optional>
#include <string_view>

namespace geolip::backend {
namespace {

/// N of "cuda:N", 0 for "cuda" alone.
std::optional<int> cuda_device(std::string_view name) {
  constexpr std::string_view cuda = "cuda";
  if (name == cuda) return 0;
  if (!name.starts_with("cuda:")) return std::nullopt;
  const std::string_view digits = name.substr(cuda.size() + 1);
  int device = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), device);
  if (error != std::errc() || end != digits.data() + digits.size() || device < 0) return std::nullopt;
  return device;
}

}  // namespace

std::unique_ptr<Backend> make_backend(const std::string& device, int threads) {
  if (device == "cpu") return make_cpu_backend(threads);
  if (const std::optional<int> number = cuda_device(device)) return make_cuda_backend(*number);
  if (device == "auto") throw QueryError("device: 'auto' is for whole runs, here it is cpu, cuda or cuda:N");
  throw QueryError("device: '" + device + "' is not known (auto, cpu, cuda, cuda:N)");
}

}  // namespace geolip::backend
