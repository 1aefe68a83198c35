#include <cli/export.hpp>

#include <ostream>

#include <cli/exit_code.hpp>
#include <cli/output_file.hpp>
#include <cli/text.hpp>
#include <cli/text_target.hpp>
#include <formats/reader.hpp>

namespace geolip::cli {

int export_network(const ExportArguments& arguments, const Library& library, const Console& console) {
  const OutputFile target(arguments.target);
  const NetworkFile file = library.read_network(arguments.network.path, arguments.network.options);
  target.require_apart(files_of(arguments.network, file));
  const std::string bytes = canonical_bytes(file);
  target.write(bytes);
  console.out << formats::sha256(formats::bytes_of(bytes)) << "  " << printable(arguments.target.string())
              << '\n';
  finish_output(console);
  return exit_certified;
}

}  // namespace geolip::cli
