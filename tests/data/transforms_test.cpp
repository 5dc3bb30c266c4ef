// needs: base
#include "kiln/data/transforms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kiln/core/error.h"
#include "tests/data/temporary_folder.h"

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
            "numbers, or say values=unit if all of them lie in [0, 1]");
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

}  // namespace
}  // namespace kiln
