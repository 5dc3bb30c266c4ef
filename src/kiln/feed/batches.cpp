#include "kiln/feed/batches.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "kiln/core/running_moments.h"

namespace kiln {
namespace {

// The tensor owns the vector: no copy.
template <class T>
Tensor adopt(std::vector<T>&& values, at::IntArrayRef shape, torch::ScalarType type) {
  auto* owner = new std::vector<T>(std::move(values));
  return torch::from_blob(
      owner->data(), shape, [owner](void*) { delete owner; }, type);
}

// How many items each class gives.
std::vector<std::int64_t> shares(const DataInfo& info, std::int64_t count) {
  if (info.classes == 0)
    throw ConfigError("data", fmt::format("the model needs {} labelled items; {} has no labels",
                                          count, info.name));
  if (count < info.classes)
    throw ConfigError("data", fmt::format("{} labelled items cannot show all {} classes of {}",
                                          count, info.classes, info.name));
  std::vector<std::int64_t> each(static_cast<std::size_t>(info.classes), count / info.classes);
  for (std::int64_t i = 0; i < count % info.classes; ++i) ++each[static_cast<std::size_t>(i)];
  return each;
}

// The first items in a seeded order that fill every class's share.
std::vector<std::int64_t> balanced_items(const Dataset& data, std::int64_t count,
                                         std::uint64_t seed) {
  auto left = shares(data.info(), count);
  const auto order = Rng(seed, "labelled").permutation(data.size());
  std::vector<float> x(static_cast<std::size_t>(data.info().stored_size()));
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < data.size() && std::ssize(chosen) < count; ++i) {
    const auto index = order[i].item<std::int64_t>();
    const auto y = data.read(index, x);
    if (y < 0 || left[static_cast<std::size_t>(y)] == 0) continue;
    --left[static_cast<std::size_t>(y)];
    chosen.push_back(index);
  }
  if (const auto want = std::find_if(left.begin(), left.end(), [](auto n) { return n > 0; });
      want != left.end())
    throw ConfigError("data", fmt::format("class {} of {} has {} items too few for {} labelled "
                                          "items; ask for fewer labels",
                                          want - left.begin(), data.info().name, *want, count));
  return chosen;
}

}  // namespace

Batch to_batch(HostBatch&& host, const DataInfo& info, torch::Device device) {
  const auto shaped = [&](const std::vector<std::int64_t>& of_item) {
    std::vector<std::int64_t> shape{host.rows};
    shape.insert(shape.end(), of_item.begin(), of_item.end());
    return shape;
  };
  Batch batch;
  if (info.more.empty()) {
    batch.x = adopt(std::move(host.x), shaped(info.shape), torch::kFloat32).to(device);
  } else {
    const auto all = adopt(std::move(host.x), {host.rows, info.stored_size()}, torch::kFloat32);
    batch.x = all.narrow(1, 0, info.item_size()).reshape(shaped(info.shape)).to(device);
    auto first = info.item_size();
    for (const auto& field : info.more) {
      const auto part = all.narrow(1, first, field.size());
      batch.more[field.name] = part.reshape(shaped(field.shape)).to(device);
      first += field.size();
    }
  }
  if (!host.y.empty()) batch.y = adopt(std::move(host.y), {host.rows}, torch::kInt64).to(device);
  return batch;
}

Batch labelled_batch(const DatasetPtr& data, const Transform& transform, std::int64_t count,
                     std::uint64_t seed) {
  auto fixed = transform;
  if (fixed.binarize == Binarize::stochastic) fixed.binarize = Binarize::threshold;
  Loader loader(subset(data, balanced_items(*data, count, seed)), fixed,
                LoaderOptions::one_pass(count, seed, 0));
  return to_batch(loader.next(), data->info());
}

DataMoments data_moments(const DatasetPtr& data, const Transform& transform,
                         std::int64_t most_items, std::uint64_t seed) {
  Loader loader(data, transform,
                {.batch = 500,
                 .shuffle = true,
                 .repeat = false,
                 .drop_last = false,
                 .seed = seed,
                 .threads = 1});
  RunningMoments moments(data->info().item_size(), 0);
  std::vector<double> labels(static_cast<std::size_t>(data->info().classes));
  while (moments.count() < most_items) {
    auto host = loader.next();
    if (host.rows == 0) break;
    for (const auto y : host.y)
      if (y >= 0) ++labels[static_cast<std::size_t>(y)];
    moments.add(to_batch(std::move(host), data->info()).x.flatten(1).to(torch::kFloat64));
  }
  const auto shaped = [&](const Tensor& each) {
    return each.to(torch::kFloat32).view(data->info().shape);
  };
  Tensor shares;
  if (const auto known = std::reduce(labels.begin(), labels.end()); known > 0)
    shares = torch::tensor(labels, torch::kFloat64) / known;
  return {shaped(moments.mean()), shaped(moments.covariance().sqrt()), shares};
}

}  // namespace kiln
