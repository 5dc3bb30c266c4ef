// One trained model, used by several threads at once.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <thread>

#include "kiln/feed/tensor_data.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/runs/fit.h"
#include "kiln/use/item_scores.h"

namespace kiln {
namespace {

Tensor coins(std::int64_t items) {
  Rng rng(1);
  return rng.bernoulli(torch::full({items, 12}, .4));
}

// Samples, scores and a judged figure, each from streams of its own.
Tensor everything(const TrainedModel& trained, const DatasetPtr& data) {
  Rng rng(3);
  const auto x = trained.as<Sampler>("sampler").sample({.count = 20}, rng);
  Transform as_is;
  as_is.from = as_is.to = Values::binary;
  const auto scores = score_items(trained, data, as_is, {.seed = 2});
  const auto metric = metrics_of(*trained.model).front();
  const auto judged = judge(*trained.model, metric, data, as_is, torch::kCPU);
  return torch::cat({x.flatten(), torch::tensor(scores.values).to(torch::kFloat32),
                     torch::tensor({static_cast<float>(judged.mean)})});
}

TEST(OneModelInManyThreads, GivesTheBitsThatOneThreadGets) {
  const auto data = in_memory(coins(60));
  for (const auto* name : {"nade", "made", "vae", "ladder_vae"}) {
    SCOPED_TRACE(name);
    const auto trained = train(name, data, {{"epochs", "2"}, {"batch", "20"}});
    const auto expected = everything(trained, data);
    std::vector<Tensor> found(6);
    std::vector<std::thread> threads;
    for (auto& slot : found) threads.emplace_back([&] { slot = everything(trained, data); });
    for (auto& thread : threads) thread.join();
    for (const auto& each : found) EXPECT_TRUE(torch::equal(each, expected));
  }
}

}  // namespace
}  // namespace kiln
