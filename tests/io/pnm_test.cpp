// needs: base
#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "kiln/io/image.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

Image read(const std::string& text) { return decode_image("x", Bytes(text.begin(), text.end())); }

std::string refusal(const std::string& text) {
  return message_of<IoError>([&] { read(text); });
}

TEST(Pnm, TextAndBinaryGreyAreRead) {
  const Bytes expected{0, 128, 255, 7, 8, 9};
  EXPECT_EQ(read("P2 3 2 255\n0 128 255\n7 8 9\n").pixels, expected);
  EXPECT_EQ(read("P2\n3 2\n255\n0 128 255 7 8 9").pixels, expected);
  EXPECT_EQ(read(std::string("P5 3 2 255\n\0\x80\xff\x07\x08\x09", 17)).pixels, expected);
  EXPECT_EQ(read("P2 3 2 255\n0 128 255\n7 8 9\n").channels, 1);
}

TEST(Pnm, TextAndBinaryColourAreRead) {
  const auto text = read("P3 1 2 255 1 2 3 4 5 6");
  EXPECT_EQ(text.width, 1);
  EXPECT_EQ(text.height, 2);
  EXPECT_EQ(text.channels, 3);
  EXPECT_EQ(text.pixels, (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read("P6 1 2 255 \x01\x02\x03\x04\x05\x06").pixels, text.pixels);
}

TEST(Pnm, CommentsMayStandAnywhereInTheHeader) {
  EXPECT_EQ(read("P5# one\n#two\n2 # three 9\n1\n# four\n255\nab").pixels, (Bytes{'a', 'b'}));
}

TEST(Pnm, AnyMaximumIsScaledTo255) {
  EXPECT_EQ(read("P2 4 1 3 0 1 2 3").pixels, (Bytes{0, 85, 170, 255}));
  EXPECT_EQ(read("P2 3 1 1000 0 500 1000").pixels, (Bytes{0, 128, 255}));
  EXPECT_EQ(read(std::string("P5 3 1 65535\n\0\0\x80\0\xff\xff", 19)).pixels, (Bytes{0, 128, 255}));
  EXPECT_EQ(read(std::string("P5 2 1 256\n\0\x80\x01\0", 15)).pixels, (Bytes{128, 255}));
}

TEST(Pnm, TheHeaderAloneGivesTheSize) {
  const std::string text = "P6 70 50 255\n";
  const auto header = decode_image_header("x", Bytes(text.begin(), text.end()));
  EXPECT_EQ(header.width, 70);
  EXPECT_EQ(header.height, 50);
  EXPECT_EQ(header.channels, 3);
}

TEST(Pnm, WrongFilesAreRefusedByName) {
  EXPECT_EQ(refusal("P5 2 1 255\na"), "[pnm] 'x' is cut short: too few bytes for its size");
  EXPECT_EQ(refusal("P5 2 1 255"), "[pnm] 'x' is cut short: too few bytes for its size");
  EXPECT_EQ(refusal("P2 9999 9999 255\n1 2"), "[pnm] 'x' is cut short: too few bytes for its size");
  EXPECT_EQ(refusal("P2 2 1 255 1 x"), "[pnm] 'x' is cut short or has no sample");
  EXPECT_EQ(refusal("P2 2 1 99 1 100"), "[pnm] 'x' has the sample 100 above its maximum 99");
  EXPECT_EQ(refusal("P5 2 1 0\nab"), "[pnm] 'x' has the maximum 0, not 1 to 65535");
  EXPECT_EQ(refusal("P5 2 1 65536\nabcd"), "[pnm] 'x' has the maximum 65536, not 1 to 65535");
  EXPECT_EQ(refusal("P5 0 1 255\n"), "[pnm] 'x' has no pixels");
  EXPECT_EQ(refusal("P5 -2 1 255\n"), "[pnm] 'x' is cut short or has no width");
  EXPECT_EQ(refusal("P5 99999999999999999999 1 255\n").substr(0, 17), "[pnm] 'x' has 999");
  EXPECT_EQ(refusal("P5"), "[pnm] 'x' is cut short or has no width");
}

}  // namespace
}  // namespace kiln
