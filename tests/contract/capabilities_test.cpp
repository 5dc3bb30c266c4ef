// What every model of the registry owes to who uses it.
#include "kiln/models/model.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/check/check_model.h"
#include "tests/contract/tiny_models.h"

namespace kiln {
namespace {

TEST(CapabilityContract, SamplesHaveTheShapeAndValuesOfTheData) {
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* sampler = dynamic_cast<Sampler*>(model.get());
    if (!sampler) continue;
    SCOPED_TRACE(entry.name);
    model->eval();
    Rng rng(4);
    const auto x = sampler->sample({.count = 7}, rng);
    const auto shape = tiny_batch(entry, *model, 7).x.sizes().vec();
    EXPECT_EQ(x.sizes(), at::IntArrayRef(shape));
    EXPECT_FALSE(x.requires_grad());
    EXPECT_TRUE(x.isfinite().all().item<bool>());
    if (model->values() == Values::binary) {
      EXPECT_TRUE(((x == 0) | (x == 1)).all().item<bool>());
    }
    if (model->values() == Values::states) {
      EXPECT_TRUE(((x >= 0) & (x < model->states()) & (x == x.floor())).all().item<bool>());
    }
    if (model->values() == Values::unit) {
      EXPECT_TRUE(((x >= 0) & (x <= 1)).all().item<bool>());
    }
    if (model->values() == Values::signed_unit) {
      EXPECT_TRUE((x.abs() <= 1).all().item<bool>());
    }
  }
}

TEST(CapabilityContract, SamplersUseTheLabelOrRefuseIt) {
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* sampler = dynamic_cast<Sampler*>(model.get());
    if (!sampler || dynamic_cast<Fitted*>(model.get())) continue;  // those are not fitted yet
    {
      torch::NoGradGuard no_grad;  // at the start most laws hardly look at the class
      Rng weights(8);
      for (auto& p : model->parameters()) p.copy_(weights.normal(p.sizes()));
    }
    Rng rng(1), again(1);
    try {
      const auto of_class = sampler->sample({.count = 16, .given = Given::of_class(0)}, rng);
      EXPECT_FALSE(torch::equal(of_class,
                                sampler->sample({.count = 16, .given = Given::of_class(1)}, again)))
          << entry.name;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("classes"), std::string::npos) << error.what();
    }
  }
}

// Whatever has a likelihood or a bound is looked at, and what is sound passes.  Fitted densities of
// images cut their samples to [0, 1], so nothing weighs them; the command says so.
TEST(CapabilityContract, EveryModelThatCanBeCheckedPassesWithAFinding) {
  for (const auto& entry : tiny_models()) {
    TinyRun run(entry, 30);
    if (!can_be_checked(*run.model)) continue;
    run.trainer.run({});
    Rng rng(6);
    const auto report = check_model(*run.model, tiny_batch(entry, *run.model, 32), rng);
    const bool of_images = is_fitted(*run.model) && run.model->values() == Values::unit;
    EXPECT_EQ(report.findings.empty(), of_images) << entry.name;
    for (const auto& finding : report.findings)
      EXPECT_TRUE(finding.passed) << entry.name << " " << finding.name << ": " << finding.detail;
  }
}

// Both ways where both are known; an unknown way is refused by name.
TEST(CapabilityContract, TranslatorsGoTheirWaysAndNoOther) {
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* translator = dynamic_cast<Translator*>(model.get());
    if (!translator) continue;
    SCOPED_TRACE(entry.name);
    model->eval();
    Rng rng(4);
    const auto batch = tiny_batch(entry, *model, 3);
    ASSERT_FALSE(translator->directions().empty());
    for (const auto& direction : translator->directions()) {
      const bool there = direction == "a2b";
      const auto& source = there ? batch.x : batch.at("b");
      const auto made = translator->translate(source, direction, rng);
      EXPECT_EQ(made.sizes(), (there ? batch.at("b") : batch.x).sizes());
      EXPECT_FALSE(made.requires_grad());
      EXPECT_TRUE((made.abs() <= 1).all().item<bool>());
      const auto odd = translator->translate(source.slice(2, 1).slice(3, 3), direction, rng);
      EXPECT_EQ(odd.size(2), source.size(2) - 1);
      EXPECT_EQ(odd.size(3), source.size(3) - 3);
    }
    EXPECT_THROW(translator->translate(batch.x, "sideways", rng), ConfigError);
    EXPECT_FALSE(model->preview(batch, rng).empty());
  }
}

}  // namespace
}  // namespace kiln
