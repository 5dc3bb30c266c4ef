#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/models/autoregressive/pixel_field.h"

namespace kiln {
namespace {

TEST(GatedPixelCnn, SeesEveryPixelBefore) {
  auto model = pixel_model("gated_pixel_cnn", deep({{"layers", "12"}, {"maps", "6"}}));
  for (const auto& [row, column] : Pixels{{0, 1}, {3, 0}, {10, 0}, {7, 5}, {10, 10}})
    EXPECT_EQ(field(*model, row, column), all_before(row, column)) << row << " " << column;
}

}  // namespace
}  // namespace kiln
