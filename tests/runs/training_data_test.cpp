#include "kiln/runs/training_data.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/feed/batches.h"

namespace kiln {
namespace {

// The first batch of a training of two sources.
Batch first_batch(const std::string& data, const std::string& data_b) {
  RunConfig config;
  config.model = "cyclegan", config.data = data, config.data_b = data_b;
  auto training = open_training_data(config);
  const auto& entry = find_model(config.model);
  const auto model = make_model(entry,
                                entry.complete({{"height", "16"},
                                                {"width", "16"},
                                                {"channels", "3"},
                                                {"channels_b", "3"},
                                                {"filters", "2"},
                                                {"critic_filters", "2"}}),
                                1);
  fit_to(training, *model);
  TrainOptions options;
  options.batch = 5;
  TrainingFeed feed(training, *model, options);
  return feed.feed().next(torch::kCPU);
}

TEST(TrainingData, EachOfTwoSourcesIsAugmentedAsItsOwnSpecSays) {
  const std::string plain = "shapes:n=20,size=16,test=0", moved = plain + ",shift=3";
  const auto neither = first_batch(plain, plain), first = first_batch(moved, plain),
             second = first_batch(plain, moved);
  EXPECT_FALSE(torch::equal(first.x, neither.x));
  EXPECT_TRUE(torch::equal(first.at("b"), neither.at("b")));
  EXPECT_TRUE(torch::equal(second.x, neither.x));
  EXPECT_FALSE(torch::equal(second.at("b"), neither.at("b")));
}

}  // namespace
}  // namespace kiln
