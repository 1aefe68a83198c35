// The text of --outputs, for networks of several sizes.
#include <geolip/query.hpp>

#include <fuzz/contract.hpp>

#include <algorithm>

namespace {

bool exists(const geolip::Objective& objective, geolip::Index outputs) {
  using Kind = geolip::Objective::Kind;
  const bool k = objective.k >= 0 && objective.k < outputs;
  const bool j = objective.j >= 0 && objective.j < outputs && objective.j != objective.k;
  return objective.kind == Kind::vector || (objective.kind == Kind::output && k) ||
         (objective.kind == Kind::margin && k && j);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const geolip::Index outputs : {1, 2, 10, 2000000000}) {
    geolip::fuzz::refuse_or_read<geolip::QueryError>([&] {
      const auto objectives = geolip::parse_objectives(text, outputs);
      geolip::fuzz::require(!objectives.empty(), "a list of no objectives");
      geolip::fuzz::require(std::all_of(objectives.begin(), objectives.end(),
                                        [outputs](const auto& o) { return exists(o, outputs); }),
                            "an objective that the network does not have");
    });
  }
  return 0;
}
