/// \file
/// What the programs of all benches have in common: how they write and how they end.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>

namespace geolip::bench {

/// Writes the report to the file, or nowhere if its name is empty. Throws std::runtime_error.
inline void write_report(const std::string& file, const nlohmann::json& report) {
  if (file.empty()) return;
  std::ofstream out(file);
  out << report.dump(2) << '\n';
  if (!out.flush()) throw std::runtime_error("'" + file + "' cannot be written");
}

/// The program's exit code, or 1 after a sentence for what it throws.
inline int run_program(const char* name, int (*program)(int, char**), int argc, char** argv) {
  try {
    return program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace geolip::bench
