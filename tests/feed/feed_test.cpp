#include "kiln/feed/feed.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <set>

#include "tests/support/refusal.h"
#include "tests/train/toy_game.h"

namespace kiln {
namespace {

// The numbers of a batch's first column.
std::vector<float> column(const Tensor& x) {
  const auto first = x.select(1, 0).contiguous();
  return {first.data_ptr<float>(), first.data_ptr<float>() + first.numel()};
}

struct TwoSources {
  explicit TwoSources(std::int64_t batch = 4)
      : a(std::make_shared<ToyData>(12), real_values(), {.batch = batch, .seed = 3, .threads = 1}),
        b(std::make_shared<ToyData>(20), real_values(), {.batch = batch, .seed = 5, .threads = 1}),
        feed(a) {
    feed.add("b", b);
  }
  Loader a, b;
  Feed feed;
};

TEST(Feed, OneLoaderIsAFeed) {
  Loader alone(std::make_shared<ToyData>(12), real_values(), {.batch = 4, .seed = 3});
  Loader same(std::make_shared<ToyData>(12), real_values(), {.batch = 4, .seed = 3});
  Feed feed = alone;
  for (int round = 0; round < 4; ++round) {
    const auto batch = feed.next();
    const auto host = same.next();
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(column(batch.x)[i], host.x[2 * i]);
    EXPECT_TRUE(batch.more.empty());
  }
}

TEST(Feed, JoinsAsManyBatchesAsAreAsked) {
  TwoSources joined, one_by_one;
  const auto whole = joined.feed.next(torch::kCPU, 4);  // more than an epoch of the first
  EXPECT_EQ(whole.x.sizes(), (at::IntArrayRef{16, 2}));
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto part = one_by_one.feed.next();
    EXPECT_TRUE(torch::equal(whole.x.slice(0, 4 * i, 4 * i + 4), part.x));
    EXPECT_TRUE(torch::equal(whole.at("b").slice(0, 4 * i, 4 * i + 4), part.at("b")));
  }
  EXPECT_EQ(joined.feed.state(), one_by_one.feed.state());
}

// An epoch of the first has three batches, of the second five: each begins again by itself, and
// shows every item once in its own epoch.
TEST(Feed, EachSourceKeepsItsOwnEpochs) {
  TwoSources two;
  std::multiset<float> of_a, of_b;
  for (int round = 0; round < 15; ++round) {
    EXPECT_EQ(two.feed.at_start_of_epoch(), round % 3 == 0);
    const auto batch = two.feed.next();
    for (const auto v : column(batch.x)) of_a.insert(v);
    for (const auto v : column(batch.at("b"))) of_b.insert(v);
  }
  EXPECT_EQ(of_a.size(), 60U);
  for (std::int64_t i = 0; i < 12; ++i)
    EXPECT_EQ(of_a.count(static_cast<float>(i) / 12), 5U) << "five epochs of the first";
  for (std::int64_t i = 0; i < 20; ++i)
    EXPECT_EQ(of_b.count(static_cast<float>(i) / 20), 3U) << "three of the second";
}

TEST(Feed, GoesOnWhereEverySourceStood) {
  TwoSources whole, first, second;
  for (int round = 0; round < 7; ++round) whole.feed.next(), first.feed.next();
  const auto state = first.feed.state();
  EXPECT_EQ(state.at(""), (LoaderState{2, 1}));
  EXPECT_EQ(state.at("b"), (LoaderState{1, 2}));
  second.feed.restore(state);
  for (int round = 0; round < 9; ++round) {
    const auto expected = whole.feed.next(), batch = second.feed.next();
    EXPECT_TRUE(torch::equal(batch.x, expected.x));
    EXPECT_TRUE(torch::equal(batch.at("b"), expected.at("b")));
  }
  EXPECT_THROW(second.feed.restore({{"", {0, 0}}}), std::out_of_range);
}

TEST(Feed, RefusesWhatDoesNotFitTogether) {
  TwoSources two;
  EXPECT_EQ(message_of<ConfigError>([&] { two.feed.add("b", two.b); }),
            "[data] there are two sources b");
  DataInfo pairs = two.a.info();
  pairs.more = {{"b", {2}}};
  EXPECT_EQ(message_of<ConfigError>([&] { check_part_is_free(pairs, "b"); }),
            "[data] items of toy have a part b already, so no second source can give it; take a "
            "source of single items, or leave out --data-b");
  Loader a(std::make_shared<ToyData>(12), real_values(), {.batch = 4});
  Loader b(std::make_shared<ToyData>(3), real_values(), {.batch = 4});
  Feed feed(a);
  feed.add("b", b);
  EXPECT_EQ(message_of<ShapeError>([&] { feed.next(); }),
            "[feed] 4 items of toy come with 3 of toy; use a batch that both can fill");
}

}  // namespace
}  // namespace kiln
