#include <cli/table.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace geolip::cli {
namespace {

void add(Table& table, const std::string& title, Align align, const std::vector<std::string>& cells) {
  table.add_column(title, align, cells, [](const std::string& cell) { return cell; });
}

TEST(Table, AlignsColumnsAndPoints) {
  Table table;
  add(table, "output", Align::right, {"0", "3-5", "vector"});
  add(table, "upper", Align::point, {"12.5", "1.25e-07", "0"});
  add(table, "status", Align::left, {"ok", "größer", "ok"});
  add(table, "s", Align::right, {"1", "10", "100"});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(),
            "output      upper  status    s\n"
            "     0  12.5       ok        1\n"
            "   3-5   1.25e-07  größer   10\n"
            "vector   0         ok      100\n");
}

TEST(Table, EndsNoLineInSpaces) {
  Table table;
  add(table, "name", Align::left, {"a"});
  add(table, "slopes", Align::left, {""});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "name  slopes\na\n");
}

}  // namespace
}  // namespace geolip::cli
