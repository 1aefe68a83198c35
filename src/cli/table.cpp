#include <cli/table.hpp>

#include <algorithm>
#include <cstddef>
#include <ostream>

#include <cli/text.hpp>

namespace geolip::cli {
namespace {

/// Columns before the decimal point: all of them in a number without one.
std::size_t before_point(const std::string& cell) { return display_width(cell.substr(0, cell.find('.'))); }

/// Pads cells on the right so that, set flush right, their points are one below the other.
void align_points(std::vector<std::string>& cells) {
  std::size_t after = 0;
  for (const std::string& cell : cells) after = std::max(after, display_width(cell) - before_point(cell));
  for (std::string& cell : cells) {
    cell += std::string(after - (display_width(cell) - before_point(cell)), ' ');
  }
}

}  // namespace

void Table::print(std::ostream& out) const {
  std::vector<std::string> lines;
  for (const auto& [title, align, column] : columns_) {
    std::vector<std::string> cells = column;
    if (align == Align::point) align_points(cells);
    cells.insert(cells.begin(), title);
    std::size_t width = 0;
    for (const std::string& cell : cells) width = std::max(width, display_width(cell));
    const bool first = lines.empty();
    lines.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string room(width - display_width(cells[i]), ' ');
      lines[i] += (first ? "" : "  ") + (align == Align::left ? cells[i] + room : room + cells[i]);
    }
  }
  for (const std::string& line : lines) {
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

void Table::print_markdown(std::ostream& out) const {
  std::vector<std::string> lines;
  for (const auto& [title, align, column] : columns_) {
    std::vector<std::string> cells{title, align == Align::left ? "---" : "---:"};
    cells.insert(cells.end(), column.begin(), column.end());
    lines.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      lines[i] += "| ";
      for (const char c : cells[i]) lines[i] += c == '|' ? "\\|" : std::string(1, c);
      lines[i] += ' ';
    }
  }
  for (const std::string& line : lines) out << line << "|\n";
}

}  // namespace geolip::cli
