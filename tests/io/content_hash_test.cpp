// needs: base
#include "kiln/io/content_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace kiln {
namespace {

TEST(ContentHash, IsTheHashsOwnNumberForNothing) {
  EXPECT_EQ(ContentHash().hex(), "2d06800538d394c2");  // XXH3_64bits of no bytes, by its definition
}

TEST(ContentHash, DependsOnTheBytesAndNotOnHowTheyCame) {
  const std::vector<std::uint8_t> bytes{1, 2, 3, 4, 5, 6, 7, 8};
  ContentHash whole, parts, other;
  whole.add(std::span(bytes));
  parts.add(std::span(bytes).first(3));
  parts.add(std::span(bytes).subspan(3));
  EXPECT_EQ(whole.hex(), parts.hex());
  other.add(std::span(bytes).first(7));
  EXPECT_NE(whole.hex(), other.hex());
}

TEST(ContentHash, NumbersAreTheirBytes) {
  const std::array<float, 2> numbers{1.5f, -2.0f};
  const std::vector<std::uint8_t> bytes{0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 7, 0, 0, 0, 0, 0, 0, 0};
  ContentHash a, b;
  a.add(std::span(numbers));
  a.add(std::int64_t{7});
  b.add(std::span(bytes));
  EXPECT_EQ(a.hex(), b.hex());
}

}  // namespace
}  // namespace kiln
