#include <gtest/gtest.h>

#include <torch/types.h>
#include <cmath>

#include "kiln/check/causality.h"
#include "kiln/check/gradients.h"
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

// What `kiln check --field` draws: by moving numbers, where the test above goes by gradients.
TEST(PixelCnn, ItsReceptiveFieldIsFoundByMovingNumbers) {
  auto model = pixel_model("pixel_cnn", deep({{"layers", "2"}, {"hidden", "6"}}));
  const auto seen = field(*model, 7, 3);  // and the model is float64 from here on
  Rng rng(5);
  const auto items = rng.integers(2, {4, kSide * kSide}).to(torch::kDouble);
  const PixelOfShape pixel{{1, kSide, kSide}, 7, 3};
  const auto moved = receptive_field(*model, model->value_set(), items, pixel);
  const auto leaks = find_leaks(*model, model->value_set(), items);
  EXPECT_TRUE(torch::equal(receptive_field(leaks, model->ordering(), pixel).nan_to_num(-1),
                           moved.nan_to_num(-1)));
  Pixels found;
  for (std::int64_t r = 0; r < kSide; ++r)
    for (std::int64_t c = 0; c < kSide; ++c)
      if (moved[r][c].item<double>() > 1e-12) found.insert({r, c});  // rounding moves by 1e-16
  EXPECT_EQ(found, seen);
  EXPECT_TRUE(std::isnan(moved[7][3].item<double>()));  // the pixel itself
  EXPECT_EQ(moved.isnan().sum().item<std::int64_t>(), 1);
  // Of what was not moved nothing is known.
  const auto few = find_leaks(*model, model->value_set(), items, 5);
  EXPECT_EQ(receptive_field(few, model->ordering(), pixel).isnan().logical_not().sum().item<int>(),
            5);
}

// Background pixels share the corners of ReLUs: the slope of a sound model is its gradient there.
TEST(PixelCnn, CheckFindsTheGradientSoundOnPicturesOfMuchBackground) {
  auto model = pixel_model(
      "pixel_cnn",
      {{"hidden", "8"}, {"layers", "3"}, {"head", "8"}, {"height", "28"}, {"width", "28"}});
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Rng rng(seed);
    const auto x = rng.bernoulli(torch::full({16, 1, 28, 28}, .02));
    const auto finding = check_gradient(*model, *model, x, rng);
    EXPECT_TRUE(finding.passed) << finding.detail;
  }
}

}  // namespace
}  // namespace kiln
