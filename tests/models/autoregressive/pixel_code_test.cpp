// Picture models that are given a code of each picture.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/check/check_model.h"
#include "kiln/core/error.h"
#include "tests/models/autoregressive/pixel_parts.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

const OptionMap kCoded{{"condition", "code"}, {"code_size", "4"}};

std::shared_ptr<PixelModel> coded_model(const std::string& name, const OptionMap& options,
                                        double scale = 1) {
  return pixel_model(name, with(options, kCoded), scale);
}

// Those of PixelCNN++ too, which has parts of its own for what it is given.
std::vector<std::pair<std::string, OptionMap>> coded_kinds() {
  auto kinds = small_pixel_models();
  kinds.emplace_back(
      "pixel_cnn_pp",
      OptionMap{{"maps", "4"}, {"components", "2"}, {"blocks", "1"}, {"resolutions", "1"}});
  return kinds;
}

Batch with_code(const Tensor& x, const Tensor& code) {
  Batch batch(x);
  batch.more["code"] = code;
  return batch;
}

Batch given_one(const Tensor& x, const Tensor& code) {
  return with_code(x, code.expand({x.size(0), -1}));
}

TEST(PixelCode, ProbabilitiesAddUpToOneGivenEachCode) {
  torch::NoGradGuard no_grad;
  Rng rng(3);
  const auto pictures = all_pictures(2, 1, 3, 3), codes = rng.normal({3, 4});
  for (const auto& [name, options] : coded_kinds()) {
    auto model = coded_model(name, options, 2);
    std::vector<Tensor> laws;
    for (std::int64_t n = 0; n < 3; ++n) {
      laws.push_back(model->log_prob(given_one(pictures, codes[n])).to(torch::kDouble).exp());
      EXPECT_NEAR(laws.back().sum().item<double>(), 1, 1e-5) << name;
    }
    EXPECT_GT((laws[0] - laws[1]).abs().sum().item<double>(), 0.02) << name;
  }
}

TEST(PixelCode, WithoutWeightsForItACodeChangesNothing) {
  torch::NoGradGuard no_grad;
  Rng rng(3);
  const auto x = rng.bernoulli(torch::full({4, 1, 3, 3}, .5));
  for (const auto& [name, options] : coded_kinds()) {
    auto coded = coded_model(name, options), plain = pixel_model(name, options);
    for (auto& entry : coded->named_parameters())
      if (entry.key().find("label") != std::string::npos)
        entry.value().zero_();
      else
        entry.value().copy_(plain->named_parameters()[entry.key()]);
    EXPECT_TRUE(torch::equal(coded->log_prob(with_code(x, rng.normal({4, 4}))), plain->log_prob(x)))
        << name;
  }
}

TEST(PixelCode, CachedDrawsEqualNaiveDrawsGivenCodes) {
  torch::NoGradGuard no_grad;
  Rng rng(6);
  for (const auto& [name, options] : coded_kinds()) {
    auto model = coded_model(name, with(options, {{"height", "6"}, {"width", "5"}}));
    const auto uniform = with_code(rng.uniform({20, 30}), 2 * rng.normal({20, 4}));
    EXPECT_TRUE(torch::equal(model->draw(uniform), naive_draw(*model, uniform))) << name;
  }
}

TEST(PixelCode, ARequestMayGiveOneCodeOrOneForEachPicture) {
  auto model = coded_model("gated_pixel_cnn", {{"maps", "4"}, {"layers", "2"}});
  Rng codes(2);
  const auto each = 3 * codes.normal({40, 4});
  const auto drawn = [&](const Tensor& code) {
    Rng rng(7);
    return model->sample({.count = 40, .given = {.labels = {}, .more = {{"code", code}}}}, rng);
  };
  EXPECT_TRUE(torch::equal(drawn(each[3]), drawn(each[3].expand({40, 4}))));
  EXPECT_FALSE(torch::equal(drawn(each[3]), drawn(each)));
  EXPECT_TRUE(torch::equal(drawn(each)[3], drawn(each[3])[3]));
  Rng rng(7);
  const auto refused = [&](SampleRequest request) {
    return message_of([&] { model->sample(request, rng); });
  };
  EXPECT_EQ(refused({.count = 3, .given = {.labels = {}, .more = {{"code", each}}}}),
            "[sample] code must have shape [3, 4], got [40, 4]");
  EXPECT_EQ(refused({.count = 3, .given = {.labels = {}, .more = {{"colour", each[0]}}}}),
            "[sample] the model is given no colour; leave it out");
  EXPECT_EQ(refused({.count = 3, .given = {.labels = {}, .more = {{"code", each[0] / 0}}}}),
            "[sample] code must hold finite numbers");
}

// A model that was given nothing draws what training items are like, all of them.
TEST(PixelCode, WithoutARequestItIsGivenCodesOfTrainingItems) {
  torch::NoGradGuard no_grad;
  auto model = coded_model("pixel_cnn", {{"hidden", "4"}, {"layers", "1"}}, 3);
  auto two = torch::zeros({2, 4});
  two[1].fill_(1);
  model->start_from_codes(two);  // standardised: -1 and 1
  Rng rng(7), same(7);
  const auto x = model->sample({.count = 200}, rng);
  same.uniform({200, 9});
  const auto second = same.integers(CodeInputImpl::kKept, {200}).ge(CodeInputImpl::kKept / 2);
  Rng again(7);
  const auto code = second.unsqueeze(1).to(torch::kFloat32).expand({200, 4});
  EXPECT_TRUE(torch::equal(
      x, model->sample({.count = 200, .given = {.labels = {}, .more = {{"code", code}}}}, again)));
  const auto share = second.to(torch::kDouble).mean().item<double>();
  EXPECT_NEAR(share, .5, 4 * std::sqrt(.25 / 200));
}

TEST(PixelCode, KeepsCodesEvenlyAndStandardisesByThem) {
  torch::NoGradGuard no_grad;
  CodeInput input(3);
  Rng rng(4);
  auto codes = 5 * rng.normal({5000, 3}) + 7;
  codes.select(1, 2).fill_(2);  // does not vary
  input->start_from(codes);
  const auto seen = input(codes, 5000).to(torch::kDouble);
  EXPECT_LT(seen.mean(0).abs().max().item<double>(), 1e-5);
  EXPECT_NEAR(seen.select(1, 0).std(0, false).item<double>(), 1, 1e-5);
  EXPECT_NEAR(seen.select(1, 1).std(0, false).item<double>(), 1, 1e-5);
  EXPECT_EQ(seen.select(1, 2).abs().max().item<double>(), 0);
  const auto kept = input->named_buffers()["kept"];
  EXPECT_TRUE(torch::equal(kept[0], codes[0]));
  EXPECT_TRUE(torch::equal(kept[1023], codes[5000 * 1023 / 1024]));
  EXPECT_EQ(message_of([&] { input(codes, 4000); }),
            "[code_input] code must have shape [4000, 3], got [5000, 3]");
}

// What `kiln check` looks at is given each item's own code all the while.
TEST(PixelCode, PassesEveryCheckGivenCodes) {
  for (const auto& [name, options] : coded_kinds()) {
    auto model = coded_model(name, options);
    Rng rng(5);
    const auto items =
        with_code(rng.bernoulli(torch::full({16, 1, 3, 3}, .5)), 2 * rng.normal({16, 4}));
    const auto report = check_model(*model, items, rng);
    EXPECT_EQ(report.findings.size(), 6u);
    for (const auto& finding : report.findings)
      EXPECT_TRUE(finding.passed) << name << ": " << finding.name << ": " << finding.detail;
  }
}

// Rounding is no leak: a field shows what is read and nothing else.
TEST(PixelCode, NoLawMovesAtAllWithALaterNumber) {
  torch::NoGradGuard no_grad;
  Rng rng(5);
  for (const auto& [name, options] : coded_kinds()) {
    auto model = coded_model(name, with(options, {{"height", "9"}, {"width", "11"}}));
    const auto items = with_code(rng.bernoulli(torch::full({4, 99}, .5)), 2 * rng.normal({4, 4}));
    const auto finding = check_causal(find_leaks(*model, model->value_set(), items));
    EXPECT_EQ(finding.figure, 0) << name << ": " << finding.detail;
  }
}

TEST(PixelCode, RefusesWhatDoesNotFit) {
  EXPECT_EQ(message_of([] {
              pixel_model("pixel_cnn", {{"condition", "code"}});
            }),
            "[pixel_cnn.condition] code needs items with a code each; name a run that encodes by "
            "--encoder RUN");
  auto model = coded_model("pixel_cnn", {});
  EXPECT_EQ(message_of([&] {
              model->log_prob(torch::zeros({2, 1, 3, 3}));
            }),
            "[batch] has no part 'code'; it has: x");
  EXPECT_EQ(message_of([&] {
              model->log_prob(with_code(torch::zeros({2, 1, 3, 3}), torch::zeros({2, 5})));
            }),
            "[code_input] code must have shape [2, 4], got [2, 5]");
  EXPECT_EQ(message_of([&] {
              model->log_prob(with_code(torch::zeros({2, 1, 3, 3}), torch::full({2, 4}, 3e38)));
            }),
            "[code] must lie within 1e+06 deviations of the training items' codes");
}

}  // namespace
}  // namespace kiln
