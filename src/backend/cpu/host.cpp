#include <backend/cpu/host.hpp>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace geolip::backend::cpu {
namespace {

namespace fs = std::filesystem;

/// The number that a file begins with; none where there is no file, or a word ("max").
std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double number = 0.0;
  return in >> number ? std::optional(number) : std::nullopt;
}

/// The number behind a name in a file of "name number" lines; 0 where there is none.
double entry_in(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  std::string key;
  double number = 0.0;
  while (in >> key >> number) {
    if (key == name) return number;
  }
  return 0.0;
}

/// The folders of this process's control group of a controller, from its own to the root. A container may see
/// nothing but the root, which is then its own group.
struct Groups {
  bool unified = false;  ///< version 2
  std::vector<fs::path> folders;
};

void add_folders(const fs::path& mount, const std::string& path, Groups& groups) {
  fs::path group = path.find("..") == std::string::npos ? fs::path(path).relative_path() : fs::path();
  for (; !group.empty(); group = group.parent_path()) groups.folders.push_back(mount / group);
  groups.folders.push_back(mount);
}

Groups groups_of(const std::string& controller, const fs::path& root) {
  Groups groups;
  const fs::path mount = root / "sys/fs/cgroup";
  std::ifstream lines(root / "proc/self/cgroup");
  std::string unified;
  for (std::string line; std::getline(lines, line);) {  // number:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    std::istringstream names(controllers);
    for (std::string name; std::getline(names, name, ',');) {
      if (name != controller) continue;
      add_folders(fs::exists(mount / controllers) ? mount / controllers : mount / controller, path, groups);
      return groups;
    }
    if (controllers.empty()) unified = path;
  }
  groups.unified = true;
  add_folders(mount, unified, groups);
  return groups;
}

/// Bytes that the control groups leave. Pages of files that nobody has used lately make room when it is needed.
double group_memory(const fs::path& root) {
  const Groups groups = groups_of("memory", root);
  double least = std::numeric_limits<double>::infinity();
  for (const fs::path& folder : groups.folders) {
    const auto limit = number_in(folder / (groups.unified ? "memory.max" : "memory.limit_in_bytes"));
    if (!limit) continue;
    const double used =
        number_in(folder / (groups.unified ? "memory.current" : "memory.usage_in_bytes")).value_or(0.0);
    const double idle =
        entry_in(folder / "memory.stat", groups.unified ? "inactive_file" : "total_inactive_file");
    least = std::min(least, std::max(0.0, *limit - std::max(0.0, used - idle)));
  }
  return least;
}

/// Cores whose time the control groups grant.
double group_cores(const fs::path& root) {
  const Groups groups = groups_of("cpu", root);
  double least = std::numeric_limits<double>::infinity();
  for (const fs::path& folder : groups.folders) {
    double quota = 0.0;
    double period = 0.0;
    if (groups.unified) {
      std::ifstream in(folder / "cpu.max");
      if (!(in >> quota >> period)) continue;
    } else {
      quota = number_in(folder / "cpu.cfs_quota_us").value_or(0.0);
      period = number_in(folder / "cpu.cfs_period_us").value_or(0.0);
    }
    if (quota > 0.0 && period > 0.0) least = std::min(least, quota / period);
  }
  return least;
}

std::size_t page_bytes() { return static_cast<std::size_t>(std::max(1L, sysconf(_SC_PAGESIZE))); }

}  // namespace

int usable_cores(const fs::path& root) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int cores = sched_getaffinity(0, sizeof set, &set) == 0
                        ? CPU_COUNT(&set)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, static_cast<int>(std::min(static_cast<double>(cores), std::ceil(group_cores(root)))));
}

std::size_t usable_memory(const fs::path& root) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const std::size_t machine = pages > 0 ? static_cast<std::size_t>(pages) * page_bytes() : no_limit;
  std::size_t least = std::min(machine, address_space_left());
  const double group = group_memory(root);
  if (group < static_cast<double>(least)) least = static_cast<std::size_t>(group);
  return least;
}

std::size_t address_space_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return no_limit;
  return limit.rlim_cur;
}

std::size_t address_space_left() {
  const std::size_t limit = address_space_limit();
  if (limit == no_limit) return no_limit;
  const auto used = static_cast<std::size_t>(number_in("/proc/self/statm").value_or(0.0)) * page_bytes();
  return limit - std::min(limit, used);
}

}  // namespace geolip::backend::cpu
