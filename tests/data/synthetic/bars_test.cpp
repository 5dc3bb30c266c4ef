// needs: base
#include "kiln/data/synthetic/bars.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/data/synthetic/items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

// Picture number `code` of all 2^(size * size), bit by bit.
std::vector<float> picture(std::int64_t size, std::uint64_t code) {
  std::vector<float> image(static_cast<std::size_t>(size * size));
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(code >> i & 1);
  return image;
}

TEST(Bars, LawSumsToOneOverAllPictures) {
  for (std::int64_t size = 2; size <= 4; ++size) {
    const auto pictures = std::uint64_t{1} << (size * size);
    double total = 0;
    std::uint64_t possible = 0;
    for (std::uint64_t code = 0; code < pictures; ++code) {
      const double p = std::exp(bars_log_prob(size, picture(size, code)));
      total += p, possible += p > 0;
    }
    EXPECT_NEAR(total, 1, 1e-12) << size;
    // 2^S pictures of rows, 2^S of columns; all on and all off are both.
    EXPECT_EQ(possible, (std::uint64_t{2} << size) - 2) << size;
  }
}

TEST(Bars, LogProbabilitiesKnownByHand) {
  const double both = -3 * std::log(2.0), one = -4 * std::log(2.0);
  EXPECT_NEAR(bars_log_prob(3, picture(3, 0)), both, 1e-12);
  EXPECT_NEAR(bars_log_prob(3, picture(3, 0b111111111)), both, 1e-12);
  EXPECT_NEAR(bars_log_prob(3, picture(3, 0b000000111)), one, 1e-12);
  EXPECT_NEAR(bars_log_prob(3, picture(3, 0b101101101)), one, 1e-12);
  EXPECT_TRUE(std::isinf(bars_log_prob(3, picture(3, 1))));
  EXPECT_TRUE(std::isinf(bars_log_prob(3, std::vector<float>(9, 0.5f))));
}

TEST(Bars, SamplesFollowTheLawByChiSquare) {
  const int count = 28000;
  const auto data = open_keys("bars", {{"size", "3"}, {"n", std::to_string(count)}}).train;
  std::map<std::vector<float>, int> counts;
  for (const auto& item : read_items(*data, count)) ++counts[item.x];
  ASSERT_EQ(counts.size(), 14u);
  double chi2 = 0;
  for (const auto& [image, seen] : counts) {
    const double expected = count * std::exp(bars_log_prob(3, image));
    ASSERT_GT(expected, 0);
    chi2 += (seen - expected) * (seen - expected) / expected;
  }
  EXPECT_LT(chi2, chi_square_limit(13));
}

TEST(Bars, TheLabelNamesTheDirectionOfTheLines) {
  const auto data = open_keys("bars", {{"size", "4"}}).train;
  for (const auto& item : read_items(*data, 500)) {
    const std::size_t step = item.label == 0 ? 1 : 4, line = item.label == 0 ? 4 : 1;
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t k = 1; k < 4; ++k)
        ASSERT_EQ(item.x[i * line + k * step], item.x[i * line]) << item.label;
  }
}

TEST(Bars, RefusesAnImageOfAnotherSize) {
  EXPECT_EQ(message_of<ShapeError>([] { bars_log_prob(4, picture(3, 0)); }),
            "[bars_log_prob] image must have 4 x 4 numbers, got 9");
}

}  // namespace
}  // namespace kiln
