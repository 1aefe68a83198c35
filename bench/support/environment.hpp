/// \file
/// The machine that a bench ran on.
#pragma once

#include <geolip/version.hpp>

#include <nlohmann/json.hpp>

#include <ctime>
#include <fstream>
#include <string>
#include <thread>

namespace geolip::bench {

/// The first "model name" of /proc/cpuinfo, or "unknown".
inline std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

inline nlohmann::json environment() {
  const std::time_t now = std::time(nullptr);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  double load = -1.0;
  std::ifstream("/proc/loadavg") >> load;
  return {{"geolip", version},     {"date", date},
          {"cpu", cpu_name()},     {"cores", std::thread::hardware_concurrency()},
          {"load_at_start", load}, {"compiler", __VERSION__}};
}

}  // namespace geolip::bench
