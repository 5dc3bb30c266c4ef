#include "kiln/train/feed.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "kiln/core/philox.h"

namespace kiln {
namespace {

// A constant, N(1e4, 0.1^2) and a coin.
class Columns : public Dataset {
 public:
  Columns() { info_.shape = {3}; }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 1203; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    Philox rng(derive_key(1, "columns", static_cast<std::uint64_t>(index)));
    x[0] = 0.1f;
    x[1] = 1e4f + 0.2f * static_cast<float>(rng.uniform() - 0.5);
    x[2] = rng.uniform() < 0.5 ? 0.0f : 1.0f;
    return -1;
  }

 private:
  DataInfo info_;
};

TEST(Feed, MomentsEqualTwoPassesInFloat64EvenFarFromZero) {
  const auto data = std::make_shared<Columns>();
  auto x = torch::empty({data->size(), 3});
  for (std::int64_t i = 0; i < data->size(); ++i) data->read(i, {x.data_ptr<float>() + 3 * i, 3});
  const auto wide = x.to(torch::kDouble), mean = wide.mean(0);
  const auto deviation = (wide - mean).square().mean(0).sqrt();
  const auto moments = data_moments(data, {}, 50000, 1);  // three batches, the last one short
  EXPECT_LT((moments.mean / mean - 1).abs().max().item<double>(), 1e-6);
  const auto varying = moments.deviation.slice(0, 1) / deviation.slice(0, 1) - 1;
  EXPECT_LT(varying.abs().max().item<double>(), 1e-5);
  EXPECT_LT(moments.deviation[0].item<double>(), 1e-12);
}

}  // namespace
}  // namespace kiln
