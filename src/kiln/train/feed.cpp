#include "kiln/train/feed.h"

#include <torch/torch.h>

namespace kiln {
namespace {

// The tensor owns the vector: no copy.
template <class T>
Tensor adopt(std::vector<T>&& values, at::IntArrayRef shape, torch::ScalarType type) {
  auto* owner = new std::vector<T>(std::move(values));
  return torch::from_blob(
      owner->data(), shape, [owner](void*) { delete owner; }, type);
}

}  // namespace

Batch to_batch(HostBatch&& host, const DataInfo& info, torch::Device device) {
  std::vector<std::int64_t> shape{host.rows};
  shape.insert(shape.end(), info.shape.begin(), info.shape.end());
  Batch batch;
  batch.x = adopt(std::move(host.x), shape, torch::kFloat32).to(device);
  if (!host.y.empty()) batch.y = adopt(std::move(host.y), {host.rows}, torch::kInt64).to(device);
  return batch;
}

// A batch of n items joins N earlier ones (Chan, Golub & LeVeque 1979): with delta = the batch's
// mean - mean,  mean += delta n / (N + n),  squares += the batch's own + delta^2 N n / (N + n).
DataMoments data_moments(const DatasetPtr& data, const Transform& transform,
                         std::int64_t most_items, std::uint64_t seed) {
  Loader loader(data, transform,
                {.batch = 500,
                 .shuffle = true,
                 .repeat = false,
                 .drop_last = false,
                 .seed = seed,
                 .threads = 1});
  auto mean = torch::zeros(data->info().shape, torch::kFloat64), squares = torch::zeros_like(mean);
  std::int64_t count = 0;
  while (count < most_items) {
    auto host = loader.next();
    if (host.rows == 0) break;
    const auto n = static_cast<double>(host.rows), before = static_cast<double>(count);
    count += host.rows;
    const auto x = to_batch(std::move(host), data->info()).x.to(torch::kFloat64);
    const auto own = x.mean(0), delta = own - mean;
    mean += delta * (n / (before + n));
    squares += (x - own).square().sum(0) + delta.square() * (before * n / (before + n));
  }
  const auto deviation = (squares / static_cast<double>(count)).sqrt();
  return {mean.to(torch::kFloat32), deviation.to(torch::kFloat32)};
}

}  // namespace kiln
