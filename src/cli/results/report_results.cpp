#include <cli/results/report_results.hpp>

#include <ostream>
#include <sstream>

#include <cli/exit_code.hpp>
#include <cli/results/results.hpp>
#include <cli/results/write_results.hpp>
#include <cli/text_target.hpp>

namespace geolip::cli {

int report_results(const ReportArguments& arguments, const Console& console) {
  if (arguments.csv == "-" && arguments.markdown == "-") {
    throw UsageError("--csv and --markdown cannot both go to the standard output");
  }
  const TextTarget csv(arguments.csv);
  const TextTarget markdown(arguments.markdown);
  csv.require_apart(arguments.files);
  markdown.require_apart(arguments.files);
  if (csv.file() != nullptr && markdown.file() != nullptr) csv.file()->require_apart(*markdown.file());
  const Results results = gather_results(arguments.files);
  const Table table = result_table(results);
  if (csv.wanted()) csv.write(console, results_csv(results));
  if (markdown.wanted()) {
    std::ostringstream text;
    table.print_markdown(text);
    markdown.write(console, text.str());
  }
  if (!csv.owns_output() && !markdown.owns_output()) {
    table.print(console.out);
    console.out << '\n' << results_summary(results);
  }
  finish_output(console);
  return exit_certified;
}

}  // namespace geolip::cli
