#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "apps/kiln/actions/nearness_report.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"
#include "kiln/feed/batches.h"
#include "kiln/metrics/nearest_training.h"

namespace kiln::program {
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

std::uint64_t seed_of(const NeighboursArguments& a) {
  return static_cast<std::uint64_t>(a.run.seed);
}

Tensor samples_of(const NeighboursArguments& a, const TrainedModel& run) {
  Rng rng(seed_of(a), "sample", parse_device(a.run.device));  // those of `kiln sample`
  return run.as<Sampler>("sampler").sample({.count = a.samples}, rng);
}

// At most as many held-out items as samples, any of them.  Their noise is not the training items'.
Tensor held_out_items(const NeighboursArguments& a, const JudgedData& held_out) {
  Rng rng(seed_of(a), "held out");
  const auto count = std::min(a.samples, held_out.data->size());
  const auto chosen =
      std::get<0>(rng.permutation(held_out.data->size()).narrow(0, 0, count).sort());
  const auto* first = chosen.data_ptr<std::int64_t>();
  return items_of(held_out, {first, first + count}, derive_key(seed_of(a), "held out"),
                  parse_device(a.run.device))
      .x;
}

LoaderOptions pass_of(const NeighboursArguments& a, std::int64_t items_in_a_batch) {
  return LoaderOptions::one_pass(items_in_a_batch, seed_of(a));
}

NearestItems nearest_of(const NeighboursArguments& a, const JudgedData& train, const Tensor& x,
                        std::int64_t k) {
  Loader loader(train.data, train.transform, pass_of(a, kItemsAtOnce));
  return nearest_training_items(x, loader, std::min(k, train.data->size()));
}

// One sample and what lies nearest to it.
struct Row {
  std::int64_t sample;
  std::vector<std::int64_t> items;
  std::vector<double> distances;
};

// The samples that come nearest to the training items, nearest first: if these are no copies, none
// are.
std::vector<Row> nearest_rows(const NeighboursArguments& a, const JudgedData& train,
                              const Tensor& samples, const Tensor& distance) {
  const auto count = std::min(a.count, samples.size(0));
  const auto order = distance.argsort().narrow(0, 0, count);
  const auto near = nearest_of(a, train, samples.index_select(0, order), a.nearest);
  const auto index = near.index.cpu(), far = near.distance.cpu();
  std::vector<Row> rows;
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
Tensor picture_of(const NeighboursArguments& a, const JudgedData& train, const Tensor& samples,
                  const std::vector<Row>& rows) {
  Loader loader(train.data, train.transform, LoaderOptions::one_pass(1, seed_of(a), 0));
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

nlohmann::json json_of(const std::vector<Row>& rows) {
  auto list = nlohmann::json::array();
  for (const auto& row : rows)
    list.push_back({{"sample", row.sample}, {"items", row.items}, {"distances", row.distances}});
  return list;
}

std::string heading_of(const NeighboursArguments& a, const TrainedModel& run, const Compared& data,
                       std::int64_t held_out) {
  return fmt::format(
      "{} at step {}: {} samples and {} items of {}, each with the nearest of {} items of {}\n",
      a.run.run, run.step, a.samples, held_out, data.held_out.name, data.train.data->size(),
      data.train.name);
}

nlohmann::json facts_of(const NeighboursArguments& a, const TrainedModel& run, const Compared& data,
                        std::int64_t held_out) {
  return {{"run", a.run.run},
          {"step", run.step},
          {"data", data.train.name},
          {"items", data.train.data->size()},
          {"held_out", data.held_out.name},
          {"held_out_items", held_out},
          {"samples", a.samples}};
}

}  // namespace

int neighbours(const NeighboursArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "neighbours");
  const auto run = load(a.run, console);
  run.as<Sampler>("sampler");
  const auto data = compared_data(run, a.data);
  const auto& info = data.train.data->info();
  if (!a.out.empty()) require_images("neighbours", data.train.name, info);
  const auto samples = samples_of(a, run), held_out = held_out_items(a, data.held_out);
  const auto near = nearest_of(a, data.train, torch::cat({samples, held_out}), 1);
  const auto distances = near.distance.flatten().split_with_sizes({a.samples, held_out.size(0)});
  const auto rows = nearest_rows(a, data.train, samples, distances[0]);
  auto report = report_nearness(training_nearness(distances[0].cpu(), distances[1].cpu()));
  report.object.update(facts_of(a, run, data, held_out.size(0)));
  report.object["rows"] = json_of(rows);
  report.text = heading_of(a, run, data, held_out.size(0)) + report.text;
  if (info.is_image()) {
    write_picture(path, picture_of(a, data.train, samples, rows), 1 + std::ssize(rows[0].items),
                  a.run, run);
    report.object["file"] = path.string();
    report.text = path.string() + "\n" + report.text;
  }
  console.result(report.text, report.object);
  return 0;
}

}  // namespace kiln::program
