// needs: base
#include "kiln/data/synthetic/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <thread>

#include "kiln/core/error.h"
#include "tests/data/synthetic/items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const auto& kind : synthetic_kinds()) list.push_back(kind.name);
  return list;
}

bool in_range(Values values, float x) {
  if (values == Values::binary) return x == 0 || x == 1;
  if (values == Values::unit) return x >= 0 && x <= 1;
  return std::isfinite(x);
}

TEST(Synthetic, EverySourceOpensWithoutKeysAndKeepsToItsInfo) {
  for (const auto& name : names()) {
    const auto splits = open_keys(name);
    EXPECT_EQ(splits.train->size(), 10000) << name;
    EXPECT_EQ(splits.valid->size(), 1000) << name;
    EXPECT_EQ(splits.test->size(), 2000) << name;
    const auto& info = splits.train->info();
    EXPECT_EQ(info.name, name + ":seed=1");
    EXPECT_EQ(static_cast<std::int64_t>(info.class_names.size()), info.classes) << name;
    for (const auto& item : read_items(*splits.train, 50)) {
      EXPECT_GE(item.label, info.classes > 0 ? 0 : -1) << name;
      EXPECT_LT(item.label, info.classes > 0 ? info.classes : 0) << name;
      for (const float x : item.x) ASSERT_TRUE(in_range(info.values, x)) << name << " " << x;
    }
  }
}

TEST(Synthetic, ItemsAreTheSameInAnyOrderFromAnyThread) {
  const int count = 64;
  for (const auto& name : names()) {
    const auto expected = read_items(*open_keys(name).train, count);
    const auto shared = open_keys(name).train;
    std::vector<std::vector<Item>> seen(4, std::vector<Item>(count));
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < seen.size(); ++t)
      threads.emplace_back([&, t] {
        for (int i = count; i-- > 0;) {
          const int index = t % 2 == 0 ? i : count - 1 - i;
          seen[t][static_cast<std::size_t>(index)] = read_item(*shared, index);
        }
      });
    for (auto& thread : threads) thread.join();
    for (const auto& items : seen) EXPECT_TRUE(items == expected) << name;
    EXPECT_TRUE(read_items(*shared, count) == expected) << name << ", read again";
  }
}

TEST(Synthetic, ItemsDoNotDependOnHowManyThereAre) {
  for (const auto& name : names()) {
    const auto few = open_keys(name, {{"n", "20"}}).train;
    // Too many to keep in memory: every one is made when it is read.
    const auto many = open_keys(name, {{"n", "1000000000"}}).train;
    EXPECT_TRUE(read_items(*few, 20) == read_items(*many, 20)) << name;
    EXPECT_EQ(read_item(*many, 999999999), read_item(*many, 999999999)) << name;
  }
}

TEST(Synthetic, PartsShareNoItem) {
  for (const std::string name : {"digits", "shapes", "ring8", "moons"}) {
    const auto splits = open_keys(name, {{"n", "300"}, {"valid", "300"}, {"test", "300"}});
    std::set<std::vector<float>> items;
    for (const auto& part : {splits.train, splits.valid, splits.test})
      for (auto& item : read_items(*part, 300)) items.insert(std::move(item.x));
    EXPECT_EQ(items.size(), 900u) << name;
  }
}

TEST(Synthetic, TheSeedOfTheSpecBeatsTheRunsSeed) {
  for (const auto& name : names()) {
    const auto one = read_items(*open_keys(name, {}, 1).train, 20);
    EXPECT_TRUE(one == read_items(*open_keys(name, {{"seed", "1"}}, 2).train, 20)) << name;
    EXPECT_FALSE(one == read_items(*open_keys(name, {}, 2).train, 20)) << name;
  }
}

TEST(Synthetic, TheNameInTheInfoOpensTheSameItemsUnderAnotherRunsSeed) {
  const auto splits = open_keys("gaussians", {{"k", "3"}}, 7);
  EXPECT_EQ(splits.test->info().name, "gaussians:k=3,seed=7");
  const auto again = open_keys("gaussians", {{"k", "3"}, {"seed", "7"}}, 99);
  EXPECT_TRUE(read_items(*splits.test, 20) == read_items(*again.test, 20));
}

TEST(Synthetic, AnEmptyPartIsAbsent) {
  const auto splits = open_keys("moons", {{"valid", "0"}, {"test", "0"}});
  EXPECT_EQ(splits.valid, nullptr);
  EXPECT_EQ(splits.test, nullptr);
}

TEST(Synthetic, KeysOfEverySourceAreLeftToTheCaller) {
  const auto plain = open_keys("digits").train;
  const auto keyed = open_keys("digits", {{"binarize", "threshold"}, {"dequantize", "yes"}}).train;
  EXPECT_EQ(read_item(*plain, 3), read_item(*keyed, 3));
}

TEST(Synthetic, OtherNamesAreNotOurs) {
  EXPECT_FALSE(open_synthetic({.name = "mnist", .path = "x", .keys = {}}, {}));
}

std::string message(const std::string& name, std::map<std::string, std::string> keys,
                    const std::string& path = {}) {
  const SourceSpec spec{.name = name, .path = path, .keys = std::move(keys)};
  return message_of<ConfigError>([&] { open_synthetic(spec, {}); });
}

TEST(Synthetic, RefusesUnknownKeysWithTheNearest) {
  EXPECT_EQ(message("ring8", {{"sigmma", "1"}}),
            "[data.ring8] no option 'sigmma'; did you mean 'sigma'? Options: radius, sigma, n, "
            "valid, test, seed, binarize, dequantize, levels, noise, flip, shift, jitter");
  EXPECT_EQ(message("digits", {{"binarise", "none"}}),
            "[data.digits] no option 'binarise'; did you mean 'binarize'? Options: n, valid, test, "
            "seed, binarize, dequantize, levels, noise, flip, shift, jitter");
  EXPECT_EQ(message("shapes", {{"ground", "stripes"}}),
            "[data.shapes.ground] has no choice 'stripes'; did you mean 'striped'? Choices: plain, "
            "shaded, striped, checked, spotted, cloudy");
}

TEST(Synthetic, RefusesValuesOutOfRangeAndPaths) {
  EXPECT_EQ(message("shapes", {{"size", "8"}}),
            "[data.shapes.size] must be between 16 and 1024, got 8");
  EXPECT_EQ(message("digits", {{"n", "0"}}),
            "[data.digits.n] must be between 1 and 1000000000, got 0");
  EXPECT_EQ(message("bars", {}, "4"), "[data.bars] takes key=value, not a path: got '4'");
  EXPECT_EQ(message_of<ConfigError>([] {
              open_synthetic({.name = "bars", .path = {}, .keys = {}},
                             {.seed = std::uint64_t{1} << 63});
            }),
            "[data.bars.seed] must be below 2^63, got 9223372036854775808");
}

TEST(Synthetic, EveryKindIsDescribed) {
  for (const auto& kind : synthetic_kinds()) {
    EXPECT_FALSE(kind.help.empty()) << kind.name;
    EXPECT_TRUE(kind.example.starts_with(kind.name)) << kind.name;
    for (const auto& [key, help] : kind.keys) EXPECT_FALSE(help.empty()) << kind.name << " " << key;
  }
}

}  // namespace
}  // namespace kiln
