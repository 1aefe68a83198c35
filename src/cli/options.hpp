/// \file
/// Options of the command line whose values are checked as they are read. All throw UsageError in one
/// sentence that names option and value.
#pragma once

#include <geolip/query.hpp>
#include <geolip/settings.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cli/exit_code.hpp>

namespace geolip::cli {

[[noreturn]] inline void refuse(const std::string& option, const std::string& text,
                                const std::string& wanted) {
  throw UsageError(option + ": '" + text + "' is not " + wanted);
}

/// An option that hands its text to `read`.
inline CLI::Option* add_text(CLI::App& app, const std::string& name, const std::string& type,
                             const std::function<void(const std::string&)>& read, const std::string& help) {
  return app.add_option_function<std::string>(name, read, help)->type_name(type);
}

/// An option whose text is the value: a name or a path.
template <class Target>
CLI::Option* add_word(CLI::App& app, const std::string& name, const std::string& type, Target& target,
                      const std::string& help) {
  return add_text(
      app, name, type, [&target](const std::string& text) { target = text; }, help);
}

/// Reads all of `text` as a number of type T.
template <class T>
bool read_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// A whole number, at least `least`.
template <class Int>
CLI::Option* add_whole_number(CLI::App& app, const std::string& name, Int& target, Int least,
                              const std::string& help) {
  const auto read = [name, &target, least](const std::string& text) {
    Int value = 0;
    if (!read_number(text, value) || value < least) {
      refuse(name, text,
             "a whole number from " + std::to_string(least) + " to " +
                 std::to_string(std::numeric_limits<Int>::max()));
    }
    target = value;
  };
  return add_text(app, name, "N", read, help);
}

/// A number for which `accept` holds; `wanted` says which those are.
inline CLI::Option* add_number(CLI::App& app, const std::string& name, double& target, bool (*accept)(double),
                               const std::string& wanted, const std::string& type, const std::string& help) {
  const auto read = [name, &target, accept, wanted](const std::string& text) {
    double value = 0.0;
    if (!read_number(text, value) || !accept(value)) refuse(name, text, wanted);
    target = value;
  };
  return add_text(app, name, type, read, help);
}

/// A few words, each with a value.
template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

/// The word for a value.
template <class T>
const std::string& word_for(const Choices<T>& choices, T value) {
  return std::find_if(choices.begin(), choices.end(),
                      [&](const auto& choice) { return choice.second == value; })
      ->first;
}

/// One of these words.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& name, T& target, const Choices<T>& choices,
                        const std::string& help) {
  std::string type;
  std::string wanted;
  for (const auto& [word, value] : choices) {
    type += (type.empty() ? "" : "|") + word;
    wanted += (wanted.empty() ? "one of " : ", ") + word;
  }
  const auto read = [name, &target, &choices, wanted](const std::string& text) {
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [&](const auto& choice) { return choice.first == text; });
    if (found == choices.end()) refuse(name, text, wanted);
    target = found->second;
  };
  return add_text(app, name, type, read, help);
}

inline const Choices<Norm> norms{{"linf", Norm::linf}, {"l2", Norm::l2}, {"l1", Norm::l1}};
inline const Choices<Precision> precisions{
    {"auto", Precision::automatic}, {"float32", Precision::float32}, {"float64", Precision::float64}};
inline const Choices<Verify> verifications{
    {"auto", Verify::automatic}, {"on", Verify::on}, {"off", Verify::off}};

}  // namespace geolip::cli
