#include <cli/text.hpp>

#include <gtest/gtest.h>

namespace geolip::cli {
namespace {

TEST(Printable, KeepsTextOnOneLine) {
  EXPECT_EQ(printable("one\ntwo\tthree\r"), "one two three ");
  EXPECT_EQ(printable("Schicht größer 3 → 4"), "Schicht größer 3 → 4");
}

TEST(Printable, DisarmsControlSequences) {
  EXPECT_EQ(printable("\x1b[2J\x07 \x7f"), "?[2J? ?");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "?2J");  // the one-character form of ESC [
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("\x9B"
                      "2J"),
            "?2J");  // the same as one byte, which is no UTF-8
}

TEST(Printable, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(printable("a\xFF\xC0\x80z\xE2\x82"), "a???z??");
  EXPECT_EQ(printable("\xE2\x82\xAC \xF0\x9F\x98\x80"), "\xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(DisplayWidth, CountsCodePoints) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("größe"), 5U);
}

TEST(Clip, CutsBetweenCodePoints) {
  EXPECT_EQ(clip("größe", 3), "grö");
  EXPECT_EQ(clip("größe", 9), "größe");
  EXPECT_EQ(clip("größe", 0), "");
}

}  // namespace
}  // namespace geolip::cli
