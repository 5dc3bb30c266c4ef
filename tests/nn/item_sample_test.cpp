#include "kiln/nn/item_sample.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

ItemSample sample_of(std::uint64_t seed, std::int64_t most, const Tensor& x, std::int64_t batch) {
  Rng rng(seed);
  Rng::Scope scope(rng);
  ItemSample sample(most, x.size(1));
  for (const auto& rows : x.split(batch)) sample.add(rows);
  return sample;
}

TEST(ItemSample, HoldsEveryItemWhileThereIsRoom) {
  const auto x = torch::arange(14, torch::kFloat32).reshape({7, 2});
  const auto sample = sample_of(1, 7, x, 3);
  EXPECT_EQ(sample.seen(), 7);
  const auto items = sample.items();
  EXPECT_TRUE(torch::equal(std::get<0>(items.select(1, 0).sort()), x.select(1, 0)));
  EXPECT_TRUE(torch::equal(items.select(1, 1), items.select(1, 0) + 1)) << "rows stay whole";
  EXPECT_EQ(sample_of(1, 9, x, 3).items().size(0), 7);
}

TEST(ItemSample, NeitherOrderNorBatchesMatterAndTheKeyDoes) {
  const auto x = torch::arange(600, torch::kFloat32).reshape({300, 2});
  const auto expected = sample_of(3, 40, x, 300).items();
  for (const std::int64_t batch : {1, 7, 45, 299})
    EXPECT_TRUE(torch::equal(sample_of(3, 40, x.flip(0), batch).items(), expected)) << batch;
  EXPECT_FALSE(torch::equal(sample_of(4, 40, x, 300).items(), expected));
}

TEST(ItemSample, EveryItemIsEquallyLikelyRepeatedOrNot) {
  const std::int64_t n = 20, most = 5, keys = 3000;
  auto x = torch::arange(n, torch::kFloat32).unsqueeze(1);
  x.slice(0, 17).fill_(-1);  // three equal items
  auto counts = torch::zeros({n}), firsts = torch::zeros({n});
  for (std::int64_t key = 0; key < keys; ++key) {
    const auto items = sample_of(static_cast<std::uint64_t>(key), most, x, 6).items().squeeze(1);
    for (std::int64_t i = 0; i < most; ++i) {
      const auto value = items[i].item<std::int64_t>();
      const auto place = value < 0 ? 17 : value;
      counts[place] += 1;
      if (i == 0) firsts[place] += 1;
    }
  }
  const double p = 5.0 / 20, q = 1.0 / 20;
  for (std::int64_t i = 0; i < 17; ++i) {
    EXPECT_NEAR(counts[i].item<double>(), keys * p, 5 * std::sqrt(keys * p * (1 - p))) << i;
    EXPECT_NEAR(firsts[i].item<double>(), keys * q, 5 * std::sqrt(keys * q * (1 - q))) << i;
  }
  // All three or none, but for the last places: the variance is at most nine times that of one.
  EXPECT_NEAR(counts[17].item<double>(), 3 * keys * p, 5 * 3 * std::sqrt(keys * p * (1 - p)));
}

TEST(ItemSample, ClearedItBeginsAnewWithTheSameKey) {
  const auto x = torch::arange(60, torch::kFloat32).unsqueeze(1);
  auto sample = sample_of(5, 10, x, 60);
  const auto before = sample.items();
  sample.clear();
  EXPECT_EQ(sample.seen(), 0);
  EXPECT_EQ(sample.items().size(0), 0);
  sample.add(x);
  EXPECT_TRUE(torch::equal(sample.items(), before));
}

TEST(ItemSample, MinusZeroIsZero) {
  const auto a = sample_of(6, 1, torch::tensor({{0.f, 1.f}, {5.f, 5.f}}), 2).items();
  const auto b = sample_of(6, 1, torch::tensor({{-0.f, 1.f}, {5.f, 5.f}}), 2).items();
  EXPECT_TRUE(torch::equal(a, b));
  const auto keys = [](float zero) {
    return sample_of(6, 1, torch::tensor({{zero, 1.f}}), 1).named_buffers()["keys"];
  };
  EXPECT_TRUE(torch::equal(keys(0.f), keys(-0.f)));
}

}  // namespace
}  // namespace kiln
