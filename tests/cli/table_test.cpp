#include <cli/table.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace geolip::cli {
namespace {

TEST(Table, AlignsColumnsAndPoints) {
  Table table;
  table.add_column("output", Align::right);
  table.add_column("upper", Align::point);
  table.add_column("status", Align::left);
  table.add_column("s", Align::right);
  table.add_row({"0", "12.5", "ok", "1"});
  table.add_row({"3-5", "1.25e-07", "größer", "10"});
  table.add_row({"vector", "0", "ok", "100"});
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
  table.add_column("name", Align::left);
  table.add_column("slopes", Align::left);
  table.add_row({"a", ""});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "name  slopes\na\n");
}

}  // namespace
}  // namespace geolip::cli
