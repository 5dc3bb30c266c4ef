// needs: base
#include "kiln/data/augmentation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "kiln/data/loader.h"
#include "kiln/io/image.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

DataInfo pictures(std::int64_t channels, std::int64_t height, std::int64_t width) {
  DataInfo info;
  info.name = "pictures";
  info.shape = {channels, height, width};
  info.values = Values::unit;
  return info;
}

// Every number tells its place.
std::vector<float> numbered(const DataInfo& info) {
  std::vector<float> item(static_cast<std::size_t>(info.stored_size()));
  for (std::size_t i = 0; i < item.size(); ++i) item[i] = static_cast<float>(i);
  return item;
}

std::vector<float> changed(const DataAugmentation& augmentation, const DataInfo& info,
                           std::uint64_t seed) {
  auto item = numbered(info);
  Philox rng(seed);
  augment_item(augmentation, info, item, rng);
  return item;
}

TEST(DataAugmentation, MirrorsHalfOfTheItemsFromRightToLeft) {
  const auto info = pictures(2, 2, 3);
  const std::vector<float> mirror{2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9};
  std::int64_t count = 0;
  constexpr std::int64_t kDraws = 2000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const auto item = changed({.flip = true}, info, seed);
    ASSERT_TRUE(item == mirror || item == numbered(info)) << seed;
    count += item == mirror;
  }
  EXPECT_NEAR(static_cast<double>(count), kDraws / 2,
              4 * std::sqrt(kDraws / 4.));  // four standard errors
}

TEST(DataAugmentation, EveryShiftIsAsLikelyAndTheMirrorLiesBeyondTheEdge) {
  const auto info = pictures(1, 4, 5);
  const auto at = [](std::int64_t row, std::int64_t column) {
    const auto r = row < 0 ? -row : row > 3 ? 6 - row : row;
    const auto c = column < 0 ? -column : column > 4 ? 8 - column : column;
    return static_cast<float>(5 * r + c);
  };
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> seen;
  constexpr std::int64_t kDraws = 5000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const auto item = changed({.shift = 2}, info, seed);
    bool found = false;
    for (std::int64_t down = -2; down <= 2 && !found; ++down)
      for (std::int64_t right = -2; right <= 2 && !found; ++right) {
        bool equal = true;
        for (std::int64_t i = 0; i < 20 && equal; ++i)
          equal = item[static_cast<std::size_t>(i)] == at(i / 5 + down, i % 5 + right);
        if (equal) ++seen[{down, right}], found = true;
      }
    ASSERT_TRUE(found) << seed;
  }
  EXPECT_EQ(seen.size(), 25u);
  for (const auto& [shift, count] : seen)
    EXPECT_NEAR(static_cast<double>(count), 200, 4 * std::sqrt(200.));
}

// Against the picture enlarged as a whole, of which every window of the old size is one.
TEST(DataAugmentation, JitterCutsAWindowOutOfTheEnlargedPicture) {
  const auto info = pictures(1, 6, 4);
  Image image{.width = 4, .height = 6, .channels = 1};
  for (int i = 0; i < 24; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 7 % 24 * 10));
  const auto large = resize(image, 4 + 3, 6 + 3);
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> seen;
  constexpr std::int64_t kDraws = 1600;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    std::vector<float> item(image.pixels.begin(), image.pixels.end());
    Philox rng(seed);
    augment_item({.jitter = 3}, info, item, rng);
    for (std::int64_t down = 0; down <= 3; ++down)
      for (std::int64_t right = 0; right <= 3; ++right) {
        double most = 0;  // the large picture's bytes are rounded
        for (std::int64_t i = 0; i < 24; ++i)
          most = std::max(
              most,
              std::abs(
                  item[static_cast<std::size_t>(i)] -
                  static_cast<double>(
                      large.pixels[static_cast<std::size_t>((i / 4 + down) * 7 + i % 4 + right)])));
        if (most <= 0.501) ++seen[{down, right}];
      }
  }
  std::int64_t all = 0;
  for (const auto& [window, count] : seen) {
    EXPECT_NEAR(static_cast<double>(count), 100, 4 * std::sqrt(100.));
    all += count;
  }
  EXPECT_EQ(seen.size(), 16u);
  EXPECT_EQ(all, kDraws) << "each draw is one window";
}

TEST(DataAugmentation, LevelsStayLevels) {
  auto info = pictures(1, 4, 4);
  info.levels = 5;
  std::vector<float> item(16);
  for (std::size_t i = 0; i < 16; ++i) item[i] = static_cast<float>(i * 3 % 5) / 4;
  Philox rng(3);
  const auto before = item;
  augment_item({.jitter = 3}, info, item, rng);
  EXPECT_NE(item, before);
  for (const auto value : item) EXPECT_EQ(value, std::round(value * 4) / 4);
}

TEST(DataAugmentation, AllPicturesOfAnItemAreChangedAlikeAndNothingElse) {
  auto info = pictures(1, 4, 5);
  info.more = {{.name = "b", .shape = {2, 4, 5}}, {.name = "code", .shape = {3}, .as_is = true}};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto item = changed({.flip = true, .shift = 2, .jitter = 2}, info, seed);
    for (std::size_t i = 0; i < 20; ++i) {
      EXPECT_NEAR(item[20 + i], item[i] + 20, 1e-5);
      EXPECT_NEAR(item[40 + i], item[i] + 40, 1e-5);
    }
    EXPECT_EQ((std::vector<float>{item.end() - 3, item.end()}), (std::vector<float>{60, 61, 62}));
  }
}

class OnePicture : public Dataset {
 public:
  OnePicture() : info_(pictures(1, 3, 3)) {}
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 7; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    std::iota(x.begin(), x.end(), static_cast<float>(10 * index));
    return -1;
  }

 private:
  DataInfo info_;
};

TEST(DataAugmentation, ALoaderDrawsAnewEveryEpochTheSameForAnyNumberOfThreads) {
  const auto data = std::make_shared<OnePicture>();
  const auto batches = [&](int threads, std::uint64_t seed) {
    Loader loader(data, {},
                  {.batch = 7,
                   .shuffle = false,
                   .seed = seed,
                   .threads = threads,
                   .augmentation = {.shift = 1}});
    const auto first = loader.next().x, second = loader.next().x;
    loader.restore({.epoch = 1, .batch = 0});
    EXPECT_EQ(loader.next().x, second);
    return std::pair{first, second};
  };
  Loader plain(data, {}, {.batch = 7, .shuffle = false});
  const auto unmoved = plain.next().x;
  EXPECT_EQ(plain.next().x, unmoved);
  const auto [first, second] = batches(0, 4);
  EXPECT_NE(first, second);
  EXPECT_NE(first, unmoved);
  EXPECT_EQ(batches(3, 4), std::pair(first, second));
  EXPECT_NE(batches(0, 5).first, first);
}

TEST(DataAugmentation, SaysWhatItDoes) {
  EXPECT_EQ(DataAugmentation{}.describe(), "");
  EXPECT_EQ((DataAugmentation{.flip = true, .shift = 1, .jitter = 30}).describe(),
            ", mirrored at random, moved by up to 1 pixel, windows of pictures 30 pixels larger");
}

TEST(DataAugmentation, RefusesWhatCannotBeMoved) {
  const auto refusal = [](const DataAugmentation& augmentation, const DataInfo& info) {
    return message_of([&] { check_augmentation(augmentation, info); });
  };
  DataInfo table;
  table.name = "table", table.shape = {4};
  EXPECT_EQ(message_of([&] { check_augmentation({}, table); }), "nothing was thrown");
  EXPECT_EQ(refusal({.flip = true}, table),
            "[data] table holds no pictures, and flip=, shift= and jitter= move pixels; leave them "
            "out");
  auto info = pictures(1, 4, 5);
  EXPECT_EQ(refusal({.shift = 3, .jitter = 9}, info), "nothing was thrown");
  EXPECT_EQ(refusal({.shift = 4}, info),
            "[data] pictures has pictures of 4 x 5; shift=4 must be smaller");
  info.more = {{.name = "b", .shape = {1, 4, 4}}};
  EXPECT_EQ(refusal({.flip = true}, info),
            "[data] pictures has a part b of another size than x, and flip=, shift= and jitter= "
            "change both alike; leave them out");
  info.more = {{.name = "code", .shape = {3}, .as_is = true}};
  EXPECT_EQ(refusal({.flip = true}, info),
            "[data] pictures has a part code that was made of the pictures as they are; leave "
            "flip=, shift= and jitter= out");
  info.more.clear();
  info.values = Values::states, info.levels = 3;
  EXPECT_EQ(refusal({.flip = true, .shift = 1}, info), "nothing was thrown");
  EXPECT_EQ(refusal({.jitter = 1}, info),
            "[data] pictures holds states, which jitter= would mix; leave it out, or use shift=");
  info.values = Values::binary, info.levels = 0;
  EXPECT_EQ(refusal({.jitter = 1}, info),
            "[data] pictures holds 0 and 1, which jitter= would mix; leave it out, or use shift=");
  info.values = Values::signed_unit;
  EXPECT_EQ(refusal({.jitter = 1}, info), "nothing was thrown");
}

}  // namespace
}  // namespace kiln
