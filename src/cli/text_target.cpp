#include <cli/text_target.hpp>

#include <ostream>

#include <cli/exit_code.hpp>

namespace geolip::cli {

void TextTarget::write(const Console& console, std::string_view text) const {
  if (to_output_) console.out << text;
  if (file_) file_->write(text);
}

void finish_output(const Console& console) {
  if (!console.out.flush()) throw FileError("the standard output cannot be written");
}

}  // namespace geolip::cli
