#include <cli/progress.hpp>

#include <cmath>
#include <ostream>

#include <cli/decimal.hpp>
#include <cli/text.hpp>

namespace geolip::cli {
namespace {

// Back to the line's start, and what is on it erased.
constexpr const char* erase = "\r\x1b[K";

}  // namespace

std::string progress_text(const Progress& progress) {
  std::string text =
      std::to_string(progress.certified) + " of " + std::to_string(progress.problems) + " certified, ";
  if (std::isfinite(progress.gap)) text += "gap " + decimal_exponent(progress.gap, 2, Round::up) + ", ";
  return text + "sweep " + std::to_string(progress.iteration) + ", rank " + std::to_string(progress.rank) +
         ", " + fixed(progress.seconds, 1) + " s";
}

void ProgressLine::show(std::string_view text) {
  if (columns_ <= 1) return;
  // One column short, so that no terminal wraps the line.
  err_ << erase << clip(text, static_cast<std::size_t>(columns_) - 1) << std::flush;
  shown_ = true;
}

void ProgressLine::clear() noexcept {
  if (!shown_) return;
  shown_ = false;
  try {
    err_ << erase << std::flush;
  } catch (...) {
    // A stream that fails cannot be cleared either.
    return;
  }
}

}  // namespace geolip::cli
