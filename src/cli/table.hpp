/// \file
/// Aligned tables of text.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace geolip::cli {

enum class Align {
  left,
  right,
  point  ///< numbers, their decimal points one below the other
};

/// A table with a header, two spaces between columns and none at the end of a line.
class Table {
 public:
  /// A column with a cell for each of the rows, which are as many in every column: what `cell` makes of it.
  template <class Rows, class Cell>
  void add_column(std::string title, Align align, const Rows& rows, const Cell& cell) {
    Column column{std::move(title), align, {}};
    for (const auto& row : rows) column.cells.push_back(cell(row));
    columns_.push_back(std::move(column));
  }
  void print(std::ostream& out) const;
  /// The same as a Markdown table.
  void print_markdown(std::ostream& out) const;

 private:
  struct Column {
    std::string title;
    Align align;
    std::vector<std::string> cells;
  };
  std::vector<Column> columns_;
};

}  // namespace geolip::cli
