#include <cli/table.hpp>

#include <algorithm>
#include <cstddef>
#include <ostream>

#include <cli/text.hpp>

namespace geolip::cli {
namespace {

std::string pad_left(const std::string& text, std::size_t width) {
  const std::size_t have = display_width(text);
  return std::string(width > have ? width - have : 0, ' ') + text;
}

std::string pad_right(const std::string& text, std::size_t width) {
  const std::size_t have = display_width(text);
  return text + std::string(width > have ? width - have : 0, ' ');
}

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

void Table::add_column(std::string title, Align align) { columns_.push_back({std::move(title), align}); }

void Table::add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

void Table::print(std::ostream& out) const {
  std::vector<std::string> lines(rows_.size() + 1);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const auto& [title, align] = columns_[c];
    std::vector<std::string> cells;
    for (const auto& row : rows_) cells.push_back(row[c]);
    if (align == Align::point) align_points(cells);
    cells.insert(cells.begin(), title);
    std::size_t width = 0;
    for (const std::string& cell : cells) width = std::max(width, display_width(cell));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      lines[i] += c == 0 ? "" : "  ";
      lines[i] += align == Align::left ? pad_right(cells[i], width) : pad_left(cells[i], width);
    }
  }
  for (const std::string& line : lines) {
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

void Table::print_markdown(std::ostream& out) const {
  const auto print_row = [&out](const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) {
      out << "| ";
      for (const char c : cell) out << (c == '|' ? "\\|" : std::string(1, c));
      out << ' ';
    }
    out << "|\n";
  };
  std::vector<std::string> titles;
  std::vector<std::string> rules;
  for (const auto& [title, align] : columns_) {
    titles.push_back(title);
    rules.emplace_back(align == Align::left ? "---" : "---:");
  }
  print_row(titles);
  print_row(rules);
  for (const auto& row : rows_) print_row(row);
}

}  // namespace geolip::cli
