#include "kiln/feed/batches.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/philox.h"
#include "tests/support/refusal.h"

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

TEST(Batches, MomentsEqualTwoPassesInFloat64EvenFarFromZero) {
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

// Item i is (i, 0.3) of class i mod 3, but for the last three of class 3.
class Labelled : public Dataset {
 public:
  explicit Labelled(std::int64_t classes) {
    info_.name = "labelled";
    info_.shape = {2};
    info_.classes = classes;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 303; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    x[0] = static_cast<float>(index), x[1] = .3f;
    return info_.classes == 0 ? -1 : index < 300 ? index % 3 : 3;
  }

 private:
  DataInfo info_;
};

TEST(Batches, LabelledItemsAreBalancedAndFollowTheSeed) {
  const auto data = std::make_shared<Labelled>(4);
  const auto batch = labelled_batch(data, {}, 10, 7);
  EXPECT_EQ(batch.x.sizes(), (at::IntArrayRef{10, 2}));
  for (std::int64_t y = 0; y < 4; ++y)
    EXPECT_EQ(batch.y.eq(y).sum().item<std::int64_t>(), y < 2 ? 3 : 2) << y;
  const auto index = batch.x.select(1, 0).to(torch::kInt64);
  EXPECT_TRUE(
      torch::equal(torch::where(index < 300, index.remainder(3), torch::full({10}, 3)), batch.y));
  EXPECT_EQ(std::get<0>(torch::_unique(index)).size(0), 10);
  EXPECT_TRUE(torch::equal(labelled_batch(data, {}, 10, 7).x, batch.x));
  EXPECT_FALSE(torch::equal(labelled_batch(data, {}, 10, 8).x, batch.x));
}

TEST(Batches, LabelledItemsAreBinarisedByAThreshold) {
  Transform transform;
  transform.binarize = Binarize::stochastic;
  const auto batch = labelled_batch(std::make_shared<Labelled>(4), transform, 12, 1);
  EXPECT_EQ(batch.x.select(1, 1).sum().item<float>(), 0);  // 0.3 is never above 1/2
}

TEST(Batches, LabelledItemsAreRefusedWhereTheyAreTooFew) {
  const auto refusal = [](std::int64_t classes, std::int64_t count) {
    return message_of([&] { labelled_batch(std::make_shared<Labelled>(classes), {}, count, 1); });
  };
  EXPECT_EQ(refusal(0, 10), "[data] the model needs 10 labelled items; labelled has no labels");
  EXPECT_EQ(refusal(4, 3), "[data] 3 labelled items cannot show all 4 classes of labelled");
  EXPECT_EQ(refusal(4, 16),
            "[data] class 3 of labelled has 1 items too few for 16 labelled items; ask for fewer "
            "labels");
}

TEST(Batches, MomentsKnowTheSharesOfTheClasses) {
  const auto shares = data_moments(std::make_shared<Labelled>(4), {}, 50000, 1).class_shares;
  const auto expected = torch::tensor({100., 100., 100., 3.}, torch::kFloat64) / 303;
  EXPECT_TRUE(torch::allclose(shares, expected, 0, 1e-12));
  EXPECT_FALSE(data_moments(std::make_shared<Labelled>(0), {}, 50000, 1).class_shares.defined());
}

// Item i is x = (i, i + .5) with a field b = (10 i) and a field c = (-i, -i, -i).
class WithFields : public Dataset {
 public:
  WithFields() {
    info_.name = "with fields";
    info_.shape = {2};
    info_.more = {{"b", {1}}, {"c", {3}}};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 20; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto i = static_cast<float>(index);
    x[0] = i, x[1] = i + .5f, x[2] = 10 * i;
    for (std::size_t d = 3; d < 6; ++d) x[d] = -i;
    return -1;
  }

 private:
  DataInfo info_;
};

TEST(Batches, FieldsComeWithTheItemsTheyBelongTo) {
  const auto data = subset(std::make_shared<WithFields>(), {3, 5, 9, 11, 17});
  Loader loader(data, {}, {.batch = 5, .shuffle = true, .seed = 4, .threads = 2});
  const auto batch = to_batch(loader.next(), data->info());
  EXPECT_EQ(batch.x.sizes(), (at::IntArrayRef{5, 2}));
  EXPECT_EQ(batch.at("b").sizes(), (at::IntArrayRef{5, 1}));
  EXPECT_EQ(batch.at("c").sizes(), (at::IntArrayRef{5, 3}));
  EXPECT_TRUE(torch::equal(batch.at("b").select(1, 0), 10 * batch.x.select(1, 0)));
  EXPECT_TRUE(torch::equal(batch.at("c").select(1, 2), -batch.x.select(1, 0)));
  EXPECT_EQ(message_of<ShapeError>([&] { batch.at("d"); }),
            "[batch] has no part 'd'; it has: x, b, c");
}

}  // namespace
}  // namespace kiln
