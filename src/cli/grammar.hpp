/// \file
/// What all command lines have in common: the help's shape, and complaints in our own words.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include <cli/console.hpp>

namespace geolip::cli {

/// Help whose first line shows the arguments in the order in which people write them: what `arguments` gives
/// for the command at hand.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string (*arguments)(const CLI::App&)) : arguments_(arguments) {
    constexpr std::size_t help_column = 30;
    column_width(help_column);
  }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;

 private:
  std::string (*arguments_)(const CLI::App&);
};

/// Throws UsageError, which ends in `help`, if the command has left something over.
void refuse_extras(const CLI::App& command, const std::string& help);

/// Reads the command line. False if it asked for the help or the version, which is then printed. Throws UsageError
/// for what the app's own options do not refuse. Behind "--" no word is an option.
bool parse(CLI::App& app, int argc, const char* const* argv, const Console& console);

}  // namespace geolip::cli
