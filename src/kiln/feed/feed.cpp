#include "kiln/feed/feed.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/feed/batches.h"

namespace kiln {

void check_part_is_free(const DataInfo& items, const std::string& part) {
  if (items.field(part))
    throw ConfigError("data",
                      fmt::format("items of {} have a part {} already, so no second source can "
                                  "give it; take a source of single items, or leave out --data-{}",
                                  items.name, part, part));
}

void Feed::add(const std::string& name, Loader& loader) {
  check_part_is_free(first_.info(), name);
  for (const auto& [taken, other] : others_)
    if (taken == name) throw ConfigError("data", fmt::format("there are two sources {}", name));
  others_.emplace_back(name, &loader);
}

Batch Feed::next_one(torch::Device device) {
  auto batch = to_batch(first_.next(), first_.info(), device);
  for (auto& [name, loader] : others_) {
    auto other = to_batch(loader->next(), loader->info(), device).x;
    if (other.size(0) != batch.x.size(0))
      throw ShapeError("feed", fmt::format("{} items of {} come with {} of {}; use a batch that "
                                           "both can fill",
                                           batch.x.size(0), first_.info().name, other.size(0),
                                           loader->info().name));
    batch.more[name] = std::move(other);
  }
  return batch;
}

Batch Feed::next(torch::Device device, std::int64_t batches) {
  if (batches == 1) return next_one(device);
  std::vector<Tensor> x, y;
  std::map<std::string, std::vector<Tensor>> more;
  for (std::int64_t i = 0; i < batches; ++i) {
    const auto batch = next_one(device);
    x.push_back(batch.x);
    if (batch.y.defined()) y.push_back(batch.y);
    for (const auto& [name, part] : batch.more) more[name].push_back(part);
  }
  Batch joined(torch::cat(x), y.empty() ? Tensor() : torch::cat(y));
  for (const auto& [name, parts] : more) joined.more[name] = torch::cat(parts);
  return joined;
}

std::map<std::string, LoaderState> Feed::state() const {
  std::map<std::string, LoaderState> all{{"", first_.state()}};
  for (const auto& [name, loader] : others_) all[name] = loader->state();
  return all;
}

void Feed::restore(const std::map<std::string, LoaderState>& state) {
  first_.restore(state.at(""));
  for (auto& [name, loader] : others_) loader->restore(state.at(name));
}

}  // namespace kiln
