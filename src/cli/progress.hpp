/// \file
/// The line that shows how far a run is.
#pragma once

#include <geolip/settings.hpp>

#include <iosfwd>
#include <string>
#include <string_view>

namespace geolip::cli {

/// "3 of 10 certified, gap 2.1e-03, sweep 120, rank 16, 1.2 s"
std::string progress_text(const Progress& progress);

/// A line on a terminal that is overwritten again and again, and cleared at the end.
class ProgressLine {
 public:
  /// \param columns width of the terminal; 0 keeps the line silent.
  ProgressLine(std::ostream& err, int columns) : err_(err), columns_(columns) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine(ProgressLine&&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ProgressLine& operator=(ProgressLine&&) = delete;
  ~ProgressLine() { clear(); }

  /// Shows the text in place of what is there, as much of it as fits.
  void show(std::string_view text);
  void clear() noexcept;

 private:
  std::ostream& err_;
  int columns_;
  bool shown_ = false;
};

}  // namespace geolip::cli
