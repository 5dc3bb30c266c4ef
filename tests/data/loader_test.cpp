// needs: base
#include "kiln/data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/data/numbered_items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

const Transform kStochastic{
    .from = Values::unit, .to = Values::binary, .binarize = Binarize::stochastic};

std::shared_ptr<NumberedItems> numbered(std::int64_t size, std::int64_t width = 16) {
  return std::make_shared<NumberedItems>(size, width);
}

bool operator==(const HostBatch& a, const HostBatch& b) {
  return a.x == b.x && a.y == b.y && a.rows == b.rows;
}

std::vector<HostBatch> take(Loader& loader, int count) {
  std::vector<HostBatch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(loader.next());
  return batches;
}

bool equal(const std::vector<HostBatch>& a, const std::vector<HostBatch>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x == y; });
}

TEST(Loader, GivesTheSameBitsForAnyNumberOfThreads) {
  const auto data = numbered(103);
  data->uneven = true;  // so that batches are finished in another order than they are wanted in
  Loader none(data, kStochastic, {.batch = 10, .seed = 5, .threads = 0});
  const auto expected = take(none, 35);
  for (const int threads : {1, 3})
    for (const int prefetch : {1, 4}) {
      Loader loader(data, kStochastic,
                    {.batch = 10, .seed = 5, .threads = threads, .prefetch = prefetch});
      EXPECT_TRUE(equal(take(loader, 35), expected)) << threads << " threads";
    }
}

TEST(Loader, GoesOnAfterARestoreAsIfUnbroken) {
  const auto data = numbered(103);
  for (const int threads : {0, 2}) {
    const LoaderOptions options{.batch = 10, .seed = 5, .threads = threads};
    Loader unbroken(data, kStochastic, options);
    take(unbroken, 17);  // into the second epoch
    const auto state = unbroken.state();
    EXPECT_EQ(state, (LoaderState{.epoch = 1, .batch = 7}));
    const auto rest = take(unbroken, 15);
    Loader fresh(data, kStochastic, options);
    fresh.restore(state);
    EXPECT_EQ(fresh.state(), state);
    EXPECT_TRUE(equal(take(fresh, 15), rest));
    unbroken.restore(state);
    EXPECT_TRUE(equal(take(unbroken, 15), rest));
  }
}

TEST(Loader, EachEpochHoldsEveryItemOnceInAnOrderOfItsOwn) {
  Loader loader(numbered(103), {}, {.batch = 10, .drop_last = false, .threads = 2});
  std::vector<std::int64_t> first, second, sorted(103);
  std::iota(sorted.begin(), sorted.end(), 0);
  ASSERT_EQ(loader.batches_per_epoch(), 11);
  for (auto* epoch : {&first, &second}) {
    for (int i = 0; i < 11; ++i)
      for (const auto label : loader.next().y) epoch->push_back(label);
    EXPECT_TRUE(std::is_permutation(epoch->begin(), epoch->end(), sorted.begin(), sorted.end()));
    EXPECT_NE(*epoch, sorted);
  }
  EXPECT_NE(first, second);
}

TEST(Loader, OrdersOfDifferentSeedsDiffer) {
  Loader one(numbered(100), {}, {.batch = 100, .seed = 1});
  Loader two(numbered(100), {}, {.batch = 100, .seed = 2});
  EXPECT_NE(one.next().y, two.next().y);
}

TEST(Loader, WithoutShuffleKeepsTheOrderAndTheValues) {
  Loader loader(numbered(5, 2), {}, {.batch = 2, .shuffle = false, .drop_last = false});
  EXPECT_EQ(loader.next().x, (std::vector<float>{0, 0, 0.25f, 0.25f}));
  EXPECT_EQ(loader.next().y, (std::vector<std::int64_t>{2, 3}));
  const auto last = loader.next();
  EXPECT_EQ(last.rows, 1);
  EXPECT_EQ(last.x, (std::vector<float>{1, 1}));
  EXPECT_EQ(loader.next().y, (std::vector<std::int64_t>{0, 1}));
}

TEST(Loader, LeavesOutTheSmallerLastBatchUnlessItIsTheOnlyOne) {
  Loader loader(numbered(25), {}, {.batch = 10});
  EXPECT_EQ(loader.batches_per_epoch(), 2);
  take(loader, 2);
  EXPECT_EQ(loader.state(), (LoaderState{.epoch = 1, .batch = 0}));
  Loader small(numbered(7), {}, {.batch = 10});
  EXPECT_EQ(small.batches_per_epoch(), 1);
  EXPECT_EQ(small.next().rows, 7);
}

TEST(Loader, WithoutRepeatEndsAfterOneEpoch) {
  for (const int threads : {0, 1, 3}) {
    Loader loader(numbered(25), {},
                  {.batch = 10, .repeat = false, .drop_last = false, .threads = threads});
    std::int64_t rows = 0;
    for (auto batch = loader.next(); batch.rows > 0; batch = loader.next()) rows += batch.rows;
    EXPECT_EQ(rows, 25);
    EXPECT_EQ(loader.next().rows, 0);
    EXPECT_EQ(loader.state(), (LoaderState{.epoch = 0, .batch = 3}));
    loader.restore({});
    EXPECT_EQ(loader.next().rows, 10);
  }
}

TEST(Loader, StochasticBinarisationIsUnbiasedAndNewInEveryEpoch) {
  const std::int64_t size = 50, width = 784;
  Loader loader(numbered(size, width), kStochastic, {.batch = 50, .shuffle = false});
  const auto first = loader.next(), second = loader.next();
  EXPECT_NE(first.x, second.x);
  const auto n = static_cast<double>(size * width);
  double variance = 0;  // of the sum: p (1 - p) of every pixel
  for (std::int64_t i = 0; i < size; ++i) {
    const double p = static_cast<double>(i) / (size - 1);
    variance += width * p * (1 - p);
  }
  for (const auto* batch : {&first, &second}) {
    const double sum = std::accumulate(batch->x.begin(), batch->x.end(), 0.0);
    EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(variance) / n);
  }
}

TEST(Loader, NoiseOfItemsIsUnrelatedWithinABatchAndBetweenBatches) {
  const std::int64_t width = 10000;
  const auto middle = subset(numbered(3, width), {1, 1});  // two items of grey level 1/2
  for (const std::int64_t rows : {1, 2}) {
    Loader loader(middle, kStochastic, {.batch = rows});
    auto x = loader.next().x;
    if (rows == 1) {
      const auto second = loader.next().x;
      x.insert(x.end(), second.begin(), second.end());
    }
    int agree = 0;
    for (std::size_t i = 0; i < width; ++i) agree += x[i] == x[width + i];
    EXPECT_NEAR(agree, width / 2, 5 * std::sqrt(width / 4.0));
  }
}

TEST(Loader, ThrowsAnErrorFromTheBatchThatItSpoils) {
  for (const int threads : {0, 1, 3}) {
    const auto data = numbered(40);
    data->broken = 25;
    Loader loader(data, {}, {.batch = 10, .shuffle = false, .threads = threads});
    take(loader, 2);
    const LoaderState spoiled{.epoch = 0, .batch = 2};
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(message_of<IoError>([&] { loader.next(); }), "[test] item is broken");
      EXPECT_EQ(loader.state(), spoiled);
    }
    data->broken = -1;
    loader.restore(spoiled);
    EXPECT_EQ(loader.next().y.front(), 20);
  }
}

TEST(Loader, EndsCleanlyWhenNobodyTakesItsBatches) {
  for (int i = 0; i < 50; ++i) Loader loader(numbered(1000), kStochastic, {.threads = 3});
}

TEST(Loader, RefusesWrongSettings) {
  const auto message = [](LoaderOptions options) {
    return message_of<ConfigError>([&] { Loader(numbered(10), {}, options); });
  };
  EXPECT_EQ(message({.batch = 0}), "[loader.batch] must be at least 1, got 0");
  EXPECT_EQ(message({.threads = -1}), "[loader.threads] must be at least 0, got -1");
  EXPECT_EQ(message({.prefetch = 0}), "[loader.prefetch] must be at least 1, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { Loader(subset(numbered(10), {}), {}, {}); }),
            "[loader] numbered has no items");
  Loader loader(numbered(10), {}, {.batch = 5});
  EXPECT_EQ(message_of<ConfigError>([&] { loader.restore({.epoch = 0, .batch = 3}); }),
            "[loader.restore] epoch 0, batch 3 is not a place in numbered, which has 2 batches an "
            "epoch; restore with the data and batch size of the saved run");
}

}  // namespace
}  // namespace kiln
