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
  void add_column(std::string title, Align align);
  /// Adds a row; it has a cell for each column.
  void add_row(std::vector<std::string> cells);
  void print(std::ostream& out) const;
  /// The same as a Markdown table.
  void print_markdown(std::ostream& out) const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace geolip::cli
