// needs: base
#include "kiln/data/transforms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>

#include "kiln/core/error.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

DataInfo grey() {
  DataInfo info;
  info.name = "grey";
  info.shape = {1, 28, 28};
  info.values = Values::unit;
  info.levels = 256;
  return info;
}

DataInfo holding(Values values, std::int64_t levels = 0) {
  auto info = grey();
  info.name = "source";
  info.values = values;
  info.levels = levels;
  return info;
}

std::vector<float> applied(const Transform& transform, std::vector<float> x,
                           std::uint64_t key = 1) {
  Philox rng(key);
  transform.apply(x, rng);
  return x;
}

TEST(Transform, GreyMeetsABinaryModelByStochasticBinarisation) {
  const auto transform = make_transform(grey(), Values::binary, std::nullopt, false);
  EXPECT_EQ(transform.binarize, Binarize::stochastic);
  EXPECT_TRUE(transform.random());
  EXPECT_EQ(transform.describe(), "grey levels -> binary, stochastic binarisation");
}

TEST(Transform, StochasticBinarisationHasTheGreyLevelAsItsMean) {
  const auto transform = make_transform(grey(), Values::binary, std::nullopt, false);
  const int n = 100000;
  for (const float level : {0.0f, 1 / 255.0f, 0.3f, 254 / 255.0f, 1.0f}) {
    double sum = 0;
    for (const float value : applied(transform, std::vector<float>(n, level), 3)) {
      ASSERT_TRUE(value == 0.0f || value == 1.0f);
      sum += value;
    }
    EXPECT_NEAR(sum / n, level, 5 * std::sqrt(level * (1 - level) / n));
  }
}

TEST(Transform, ThresholdIsOneAboveAHalfOnly) {
  const auto transform = make_transform(grey(), Values::binary, Binarize::threshold, false);
  EXPECT_FALSE(transform.random());
  EXPECT_EQ(applied(transform, {0, 127 / 255.0f, 0.5f, 128 / 255.0f, 1}),
            (std::vector<float>{0, 0, 0, 1, 1}));
  EXPECT_EQ(transform.describe(), "grey levels -> binary, binarised at 1/2");
}

TEST(Transform, BinaryDataStayAsTheyAre) {
  for (const auto needs : {Values::binary, Values::unit, Values::real}) {
    const auto transform =
        make_transform(holding(Values::binary, 2), needs, Binarize::stochastic, false);
    EXPECT_FALSE(transform.random());
    EXPECT_EQ(applied(transform, {0, 1}), (std::vector<float>{0, 1}));
  }
}

TEST(Transform, UnitAndSignedUnitTurnIntoEachOther) {
  const auto centre = make_transform(grey(), Values::signed_unit, std::nullopt, false);
  EXPECT_EQ(applied(centre, {0, 0.25f, 1}), (std::vector<float>{-1, -0.5f, 1}));
  const auto back = make_transform(holding(Values::signed_unit), Values::unit, std::nullopt, false);
  EXPECT_EQ(applied(back, {-1, -0.5f, 1}), (std::vector<float>{0, 0.25f, 1}));
  for (const auto needs : {Values::signed_unit, Values::real}) {
    const auto same = make_transform(holding(Values::signed_unit), needs, std::nullopt, false);
    EXPECT_EQ(applied(same, {-1, -0.5f, 1}), (std::vector<float>{-1, -0.5f, 1}));
  }
  const auto threshold =
      make_transform(holding(Values::signed_unit), Values::signed_unit, Binarize::threshold, false);
  EXPECT_EQ(applied(threshold, {-0.1f, 0.1f}), (std::vector<float>{-1, 1}));
}

TEST(Transform, DequantisedLevelsFillTheirOwnInterval) {
  const auto transform = make_transform(grey(), Values::unit, std::nullopt, true);
  EXPECT_TRUE(transform.random());
  EXPECT_EQ(transform.describe(), "grey levels -> grey levels, dequantised from 256 levels");
  const int n = 20000;
  for (const int level : {0, 7, 255}) {
    double sum = 0, squares = 0;
    for (const float x : applied(transform, std::vector<float>(n, float(level) / 255), 5)) {
      ASSERT_LT(x, 1.0f);
      const double u = 256.0 * x - level;  // rounding of x to 24 bits moves u by at most 2^-17
      ASSERT_GE(u, -0x1p-17);
      ASSERT_LE(u, 1 + 0x1p-17);
      sum += u, squares += u * u;
    }
    EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
    EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
  }
}

TEST(Transform, DequantisedBinaryValuesFillTheHalves) {
  const auto transform = make_transform(holding(Values::binary, 2), Values::real, {}, true);
  for (const float x : applied(transform, std::vector<float>(1000, 1.0f))) {
    EXPECT_GE(x, 0.5f);
    EXPECT_LT(x, 1.0f);
  }
}

TEST(Transform, RefusesWhatCannotBeTurned) {
  const auto message = [](const DataInfo& info, Values needs, std::optional<Binarize> binarize,
                          bool dequantize) {
    return message_of<ConfigError>([&] { make_transform(info, needs, binarize, dequantize); });
  };
  const auto real = holding(Values::real);
  EXPECT_EQ(message(real, Values::binary, {}, false),
            "[data] source holds real numbers and the model needs binary; choose a model of real "
            "numbers, as vae with --decoder gaussian is; or, of files whose numbers all lie in [0, "
            "1], say values=unit in the SPEC");
  EXPECT_EQ(message(real, Values::real, Binarize::threshold, false),
            "[data] source holds real numbers, which binarize= cannot turn into 0 and 1; leave it "
            "out");
  EXPECT_EQ(message(grey(), Values::binary, Binarize::none, false),
            "[data] grey holds grey levels and the model needs binary values; use "
            "binarize=stochastic or binarize=threshold instead of binarize=none");
  EXPECT_EQ(message(grey(), Values::binary, {}, true),
            "[data] grey cannot be dequantized for a model of binary values; leave dequantize out");
  EXPECT_EQ(message(grey(), Values::unit, Binarize::threshold, true),
            "[data] grey cannot be both binarized and dequantized; choose one");
  EXPECT_EQ(message(real, Values::real, {}, true),
            "[data] source has no discrete levels to dequantize; leave dequantize out");
}

Transform noisy(const DataInfo& info, ValueSet needs, double noise,
                std::optional<Binarize> binarize = std::nullopt) {
  return with_noise(make_transform(info, needs, binarize, false), info, noise);
}

// Each of n numbers is replaced with probability 0.2, and by its own value once in 256.
TEST(Transform, NoiseReplacesItsShareOfGreyLevelsByUniformOnes) {
  const std::size_t n = 50000;
  const auto x = applied(noisy(grey(), Values::unit, 0.2), std::vector<float>(n, 51.0f / 255));
  double changed = 0, sum = 0;
  for (const float value : x) {
    const float level = value * 255;
    EXPECT_NEAR(level, std::round(level), 1e-4) << "a level of the source";
    EXPECT_TRUE(value >= 0 && value <= 1);
    if (value != 51.0f / 255) ++changed, sum += static_cast<double>(level);
  }
  const double share = 0.2 * 255 / 256, size = static_cast<double>(n);
  EXPECT_NEAR(changed / size, share, 5 * std::sqrt(share * (1 - share) / size));
  const double mean = (255.0 * 256 / 2 - 51) / 255;  // of the other levels
  EXPECT_NEAR(sum / changed, mean, 5 * 74 / std::sqrt(changed));
}

TEST(Transform, NoiseDrawsFromTheValuesOfTheSource) {
  const std::vector<float> zeros(20000, 0.0f);
  const auto share_of = [&](const DataInfo& info, ValueSet needs, float value) {
    double count = 0;
    for (const float drawn : applied(noisy(info, needs, 1), zeros)) count += drawn == value;
    return count / static_cast<double>(zeros.size());
  };
  const double error = 5 * 0.5 / std::sqrt(20000.0);
  EXPECT_NEAR(share_of(holding(Values::binary, 256), Values::binary, 1), 0.5, error);
  for (const float state : {0.0f, 3.0f})
    EXPECT_NEAR(share_of(holding(Values::states, 4), {Values::states, 4}, state), 0.25, error);
  EXPECT_EQ(share_of(holding(Values::states, 4), {Values::states, 4}, 4), 0);
  double least = 1, most = -1;
  for (const float drawn :
       applied(noisy(holding(Values::signed_unit), Values::signed_unit, 1), zeros))
    least = std::min<double>(least, drawn), most = std::max<double>(most, drawn);
  EXPECT_NEAR(least, -1, 0.01);
  EXPECT_NEAR(most, 1, 0.01);
}

TEST(Transform, NoiseComesBeforeBinarisation) {
  const auto x = applied(noisy(grey(), Values::binary, 1, Binarize::threshold),
                         std::vector<float>(20000, 0.0f));
  double ones = 0;
  for (const float value : x) {
    EXPECT_TRUE(value == 0 || value == 1);
    ones += value == 1;
  }
  EXPECT_NEAR(ones / 20000, 0.5, 5 * 0.5 / std::sqrt(20000.0));
}

TEST(Transform, NoiseIsTheItemsOwnAndSaid) {
  const auto transform = noisy(grey(), Values::unit, 0.25);
  const std::vector<float> x(200, 0.5f);
  EXPECT_EQ(applied(transform, x, 7), applied(transform, x, 7));
  EXPECT_NE(applied(transform, x, 7), applied(transform, x, 8));
  EXPECT_TRUE(transform.random());
  EXPECT_EQ(transform.describe(),
            "grey levels -> grey levels, 25 % of the numbers replaced by noise");
  EXPECT_EQ(applied(noisy(grey(), Values::unit, 0), x), x);
  EXPECT_FALSE(noisy(grey(), Values::unit, 0).random());
}

TEST(Transform, NoiseOfRealNumbersIsRefused) {
  const auto info = holding(Values::real);
  EXPECT_EQ(message_of([&] { noisy(info, Values::real, 0.1); }),
            "[data] source holds real numbers, and noise= draws from the values of pictures or "
            "states; leave it out");
}

TEST(Transform, NoiseDoesNotReachTheTruthOfAPair) {
  DataInfo pairs;
  pairs.name = "pairs";
  pairs.shape = {1, 2, 2};
  pairs.values = Values::unit;
  pairs.levels = 256;
  const auto keep = make_transform(pairs, Values::unit, std::nullopt, false);
  EXPECT_EQ(with_noise(keep, pairs, 0.5).noise, 0.5);
  pairs.more = {{"b", {1, 2, 2}}};
  EXPECT_EQ(with_noise(keep, pairs, 0).noise, 0);
  EXPECT_THROW(with_noise(keep, pairs, 0.5), ConfigError);
}

}  // namespace
}  // namespace kiln
