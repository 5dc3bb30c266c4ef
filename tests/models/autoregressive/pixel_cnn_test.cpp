#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/models/autoregressive/pixel_field.h"

namespace kiln {
namespace {

TEST(PixelCnn, HasABlindSpot) {
  auto model = pixel_model("pixel_cnn", deep({{"layers", "4"}, {"hidden", "6"}}));
  Pixels expected{{10, 3}};
  for (int layer = 0; layer < 4; ++layer) expected = through(expected, masked(3, true));
  expected = through(expected, masked(7, false));
  const auto seen = field(*model, 10, 3);
  EXPECT_EQ(seen, expected);
  EXPECT_FALSE(seen.contains({9, 7}));  // four to the right in the row above: no depth helps
  EXPECT_TRUE(seen.contains({9, 6}));
}

}  // namespace
}  // namespace kiln
