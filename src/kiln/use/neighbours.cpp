#include "kiln/use/neighbours.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/feed/batches.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

constexpr std::int64_t kItemsAtOnce = 500;

struct Compared {
  JudgedData train, held_out;
};

// What the run learned from and what it did not.
Compared compared_data(const TrainedModel& run, const std::string& spec) {
  return {judged_data(run, spec, "train"),
          judged_data(run, spec, has_test_part(run, spec) ? "test" : "valid")};
}

Tensor samples_of(const NeighboursAsk& ask, const TrainedModel& run) {
  Rng rng(ask.seed, "sample", ask.device);  // those of `kiln sample`
  return run.as<Sampler>("sampler").sample({.count = ask.samples}, rng);
}

// At most as many held-out items as samples, any of them.  Their noise is not the training items'.
Tensor held_out_items(const NeighboursAsk& ask, const JudgedData& held_out) {
  Rng rng(ask.seed, "held out");
  const auto count = std::min(ask.samples, held_out.data->size());
  const auto chosen =
      std::get<0>(rng.permutation(held_out.data->size()).narrow(0, 0, count).sort());
  const auto* first = chosen.data_ptr<std::int64_t>();
  return items_of(held_out, {first, first + count}, derive_key(ask.seed, "held out"), ask.device).x;
}

LoaderOptions pass_of(const NeighboursAsk& ask, std::int64_t items_in_a_batch) {
  return LoaderOptions::one_pass(items_in_a_batch, ask.seed);
}

NearestItems nearest_of(const NeighboursAsk& ask, const JudgedData& train, const Tensor& x,
                        std::int64_t k) {
  Loader loader(train.data, train.transform, pass_of(ask, kItemsAtOnce));
  return nearest_training_items(x, loader, std::min(k, train.data->size()));
}

// The samples that come nearest to the training items, nearest first: if these are no copies, none
// are.
std::vector<NearestRow> nearest_rows(const NeighboursAsk& ask, const JudgedData& train,
                                     const Tensor& samples, const Tensor& distance) {
  const auto count = std::min(ask.count, samples.size(0));
  const auto order = distance.argsort().narrow(0, 0, count);
  const auto near = nearest_of(ask, train, samples.index_select(0, order), ask.nearest);
  const auto index = near.index.cpu(), far = near.distance.cpu();
  std::vector<NearestRow> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* items = index[i].data_ptr<std::int64_t>();
    const auto* distances = far[i].data_ptr<double>();
    rows.push_back({order[i].item<std::int64_t>(),
                    {items, items + index.size(1)},
                    {distances, distances + index.size(1)}});
  }
  return rows;
}

// Each row's sample and training items, these with the noise of the pass in which they were found.
Tensor picture_of(const NeighboursAsk& ask, const JudgedData& train, const Tensor& samples,
                  const std::vector<NearestRow>& rows) {
  Loader loader(train.data, train.transform, LoaderOptions::one_pass(1, ask.seed, 0));
  std::vector<Tensor> pictures;
  for (const auto& row : rows) {
    pictures.push_back(samples.narrow(0, row.sample, 1).cpu());
    for (const auto item : row.items) {
      loader.restore({.epoch = 0, .batch = item});
      pictures.push_back(to_batch(loader.next(), loader.info()).x);
    }
  }
  return torch::cat(pictures);
}

}  // namespace

NeighboursAnswer neighbours(const TrainedModel& run, const NeighboursAsk& ask) {
  run.as<Sampler>("sampler");
  const auto data = compared_data(run, ask.data);
  const auto samples = samples_of(ask, run), held_out = held_out_items(ask, data.held_out);
  const auto near = nearest_of(ask, data.train, torch::cat({samples, held_out}), 1);
  const auto distances =
      near.distance.flatten().split_with_sizes({samples.size(0), held_out.size(0)});
  NeighboursAnswer answer{.train = data.train.name,
                          .held_out = data.held_out.name,
                          .train_items = data.train.data->size(),
                          .held_out_items = held_out.size(0)};
  answer.nearness = training_nearness(distances[0].cpu(), distances[1].cpu());
  answer.rows = nearest_rows(ask, data.train, samples, distances[0]);
  if (data.train.data->info().is_image())
    answer.picture = picture_of(ask, data.train, samples, answer.rows);
  return answer;
}

}  // namespace kiln
