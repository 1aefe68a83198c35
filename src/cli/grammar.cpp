#include <cli/grammar.hpp>

#include <algorithm>
#include <ostream>
#include <span>
#include <utility>
#include <vector>

#include <cli/exit_code.hpp>
#include <cli/text_target.hpp>

namespace geolip::cli {

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string help = CLI::Formatter::make_help(app, std::move(name), mode);
  // CLI11 leaves two empty lines behind each group of options.
  for (std::size_t at = 0; (at = help.find("\n\n\n", at)) != std::string::npos;) help.erase(at, 1);
  return help;
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  return "Usage: " + name + " " + arguments_(*app) + " [OPTIONS]\n";
}

void refuse_extras(const CLI::App& command, const std::string& help) {
  const std::vector<std::string> extras = command.remaining();
  if (extras.empty()) return;
  const bool option = extras.front().starts_with('-');
  throw UsageError("'" + extras.front() + "' is " + (option ? "not an option" : "one argument too many") +
                   " of " + command.get_name() + help);
}

namespace {

[[noreturn]] void refuse_count(const CLI::ArgumentMismatch& error) {
  const std::string what = error.what();
  const std::string option = what.substr(0, what.find(':'));
  throw UsageError(option + (what.find("missing") != std::string::npos ? ": its value is missing"
                                                                       : ": it is given more than once"));
}

}  // namespace

bool parse(CLI::App& app, int argc, const char* const* argv, const Console& console) {
  std::vector<std::string> words;
  bool options = true;
  for (const std::string word : std::span(argv + 1, argv + argc)) {
    if (options && word == "--") {
      options = false;  // what follows names files: in this form no name is an option
    } else {
      words.push_back(!options && word.starts_with('-') ? "./" + word : word);
    }
  }
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    app.parse(words);
    return true;
  } catch (const CLI::CallForHelp&) {
    console.out << app.help();
  } catch (const CLI::CallForVersion& asked) {
    console.out << asked.what() << '\n';
  } catch (const CLI::ArgumentMismatch& error) {
    refuse_count(error);
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  finish_output(console);
  return false;
}

}  // namespace geolip::cli
