// needs: base
#include "kiln/io/exif.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

// An APP1 segment with the orientation as its second entry.
Bytes segment(bool little, std::uint8_t orientation) {
  const auto two = [&](int n) {
    const auto low = static_cast<std::uint8_t>(n), high = static_cast<std::uint8_t>(n >> 8);
    return little ? Bytes{low, high} : Bytes{high, low};
  };
  const auto four = [&](int n) {
    auto low = two(n), high = two(0);
    auto& first = little ? low : high;
    auto& second = little ? high : low;
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  Bytes all{'E', 'x', 'i', 'f', 0, 0};
  const std::uint8_t order = little ? 'I' : 'M';
  for (const auto& part : std::vector<Bytes>{{order, order},
                                             two(42),
                                             four(8),
                                             two(2),
                                             two(0x0100),
                                             two(3),
                                             four(1),
                                             two(77),
                                             two(0),
                                             two(0x0112),
                                             two(3),
                                             four(1),
                                             two(orientation),
                                             two(0)})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(Exif, ReadsTheOrientationWhicheverEndComesFirst) {
  for (const bool little : {true, false})
    for (std::uint8_t orientation = 1; orientation <= 8; ++orientation)
      EXPECT_EQ(exif_orientation(segment(little, orientation)), orientation);
  EXPECT_EQ(exif_orientation(segment(true, 9)), 1);
  EXPECT_EQ(exif_orientation(segment(true, 0)), 1);
}

TEST(Exif, TakesWhatIsCutShortForUpright) {
  const auto whole = segment(false, 6);
  for (std::size_t size = 0; size < whole.size() - 2; ++size)
    EXPECT_EQ(exif_orientation({whole.data(), size}), 1) << size;
  auto far = whole;
  far[10] = 0xff;  // the directory lies beyond the end
  EXPECT_EQ(exif_orientation(far), 1);
}

// The letter F of two columns and three rows, as each orientation stores it.
TEST(Exif, EveryOrientationComesUpright) {
  const std::string upright_f =
      "ab"
      "cd"
      "ef";
  const struct {
    int orientation;
    std::int64_t width;
    std::string stored;
  } cases[] = {{1, 2, "abcdef"}, {2, 2, "badcfe"}, {3, 2, "fedcba"}, {4, 2, "efcdab"},
               {5, 3, "acebdf"}, {6, 3, "bdface"}, {7, 3, "fdbeca"}, {8, 3, "ecafdb"}};
  for (const auto& [orientation, width, stored] : cases) {
    const Image image{.width = width,
                      .height = 6 / width,
                      .channels = 1,
                      .pixels = {stored.begin(), stored.end()}};
    const auto turned = upright(image, orientation);
    EXPECT_EQ(turned.width, 2) << orientation;
    EXPECT_EQ(std::string(turned.pixels.begin(), turned.pixels.end()), upright_f) << orientation;
  }
}

}  // namespace
}  // namespace kiln
