#include "kiln/models/pixel_model.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/error.h"
#include "tests/models/autoregressive/pixel_parts.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

double total(const Tensor& log_prob) {
  return log_prob.to(torch::kDouble).exp().sum().item<double>();
}

const std::vector<OptionMap> kShapes{
    {},  // 3 x 3 of 0 and 1
    {{"height", "1"}, {"width", "3"}, {"states", "4"}},
    {{"height", "1"}, {"width", "1"}, {"channels", "3"}, {"states", "3"}},
    {{"height", "2"}, {"width", "1"}, {"channels", "2"}, {"states", "3"}}};

Tensor pictures_of(const OptionMap& shape) {
  const auto at = [&](const char* key, std::int64_t usual) {
    const auto found = shape.find(key);
    return found == shape.end() ? usual : std::stoll(found->second);
  };
  return all_pictures(at("states", 2), at("channels", 1), at("height", 3), at("width", 3));
}

TEST(PixelModel, ProbabilitiesOfAllPicturesAddUpToOne) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, options] : small_pixel_models())
    for (const auto& shape : kShapes)
      for (const char* ordering : {"raster", "column", "serpentine"})
        for (const char* first : {"model", "uniform", "data"}) {
          auto model = pixel_model(
              name, with(with(options, shape), {{"ordering", ordering}, {"first_pixel", first}}),
              2);
          EXPECT_NEAR(total(model->log_prob(pictures_of(shape))), 1, 1e-5)
              << name << " " << ordering << " " << first;
        }
}

TEST(PixelModel, VisitsNumbersInTheOrderOfItsName) {
  for (const auto kind : {Ordering::raster, Ordering::column, Ordering::serpentine}) {
    const auto model = pixel_model("pixel_cnn", {{"hidden", "3"},
                                                 {"layers", "1"},
                                                 {"channels", "3"},
                                                 {"height", "4"},
                                                 {"width", "5"},
                                                 {"ordering", std::string(enum_name(kind))}});
    EXPECT_TRUE(torch::equal(model->ordering(), torch::tensor(make_ordering(kind, {3, 4, 5}, 1))))
        << enum_name(kind);
  }
}

// Moving a number moves no law of a number that comes before or is itself: exactly, bit for bit.
TEST(PixelModel, NoLawMovesWithItsOwnOrALaterNumber) {
  torch::NoGradGuard no_grad;
  Rng rng(4);
  for (const auto& [name, options] : small_pixel_models())
    for (const auto kind : {Ordering::raster, Ordering::column, Ordering::serpentine}) {
      const auto ordering = std::string(enum_name(kind));
      auto model = pixel_model(name, with(options, {{"channels", "3"},
                                                    {"height", "4"},
                                                    {"width", "5"},
                                                    {"states", "3"},
                                                    {"ordering", ordering}}));
      const auto x = rng.integers(3, {1, 60}).to(torch::kFloat32);
      const auto before = model->logits(x);
      const auto& order = model->ordering();
      // The network's picture is in reading order, which is the model's where it has one scale.
      const auto read = torch::tensor(inverse_ordering(make_ordering(kind, {3, 4, 5}, 1)));
      const auto steps = read.index_select(0, order);
      for (std::int64_t step = 0; step < 60; ++step) {
        auto moved = x.clone();
        const auto d = order[step].item<std::int64_t>();
        moved.select(1, d).copy_((moved.select(1, d) + 1).remainder(3));
        const auto change = (model->logits(moved) - before)
                                .reshape({3, 3, -1})
                                .abs()
                                .amax(1)
                                .t()
                                .flatten()
                                .index_select(0, steps);
        EXPECT_EQ(change.slice(0, 0, step + 1).max().item<float>(), 0)
            << name << " " << ordering << " step " << step;
      }
    }
}

TEST(PixelModel, EqualLogitsCostEveryNumberTheLogOfTheStates) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, options] : small_pixel_models()) {
    auto binary = pixel_model(name, with(options, {{"height", "28"}, {"width", "28"}}), 0);
    EXPECT_NEAR(binary->log_prob(torch::ones({1, 1, 28, 28})).item<double>(), -543.43, 5e-3);
    auto grey = pixel_model(name, with(options, {{"states", "256"}}), 0);
    EXPECT_NEAR(grey->log_prob(torch::full({1, 1, 3, 3}, 200.f)).item<double>() / 9 / std::log(2.),
                -8, 1e-6);
  }
}

// By the cached way and by a full pass for each number: the same uniforms, every integer.
TEST(PixelModel, CachedDrawsEqualNaiveDraws) {
  torch::NoGradGuard no_grad;
  Rng rng(6);
  for (const auto& [name, options] : small_pixel_models())
    for (const auto& shape : {OptionMap{{"height", "7"}, {"width", "5"}},
                              OptionMap{{"height", "4"},
                                        {"width", "6"},
                                        {"channels", "3"},
                                        {"states", "5"},
                                        {"ordering", "serpentine"}},
                              OptionMap{{"height", "6"},
                                        {"width", "4"},
                                        {"condition", "label"},
                                        {"classes", "3"},
                                        {"ordering", "column"},
                                        {"first_pixel", "uniform"}}}) {
      auto model = pixel_model(name, with(options, shape));
      const auto dims = model->ordering().size(0);
      const Batch uniform{rng.uniform({5, dims}), torch::arange(5).remainder(3)};
      const auto cached = model->draw(uniform);
      EXPECT_TRUE(torch::equal(cached, naive_draw(*model, uniform))) << name << " " << dims;
      EXPECT_GT(cached.std().item<double>(), 0.1);
    }
}

// The smallest state whose cumulative probability is above u; of two states it is 1 where u < p(1).
TEST(PixelModel, AUniformNumberPicksByTheLawThatIsScored) {
  torch::NoGradGuard no_grad;
  for (const std::int64_t q : {2, 4}) {
    auto model = pixel_model("pixel_cnn", {{"hidden", "3"}, {"states", std::to_string(q)}}, 2);
    std::vector<double> mass;
    for (std::int64_t v = 0; v < q; ++v) {
      const auto x = torch::full({1, 9}, static_cast<double>(v));
      mass.push_back(model->log_conditionals(x)[0][0].exp().item<double>());
    }
    for (float u = 0.003f; u < 1; u += 0.01f) {
      std::int64_t state = 0;
      double below = mass[0];
      while (state < q - 1 && !(u < below)) below += mass[static_cast<std::size_t>(++state)];
      if (q == 2) state = u < mass[1] ? 1 : 0;
      EXPECT_EQ(model->draw(Batch{torch::full({1, 9}, u)})[0][0].item<double>(), double(state))
          << u;
    }
  }
}

// In float64 there are no steppers: whole passes, in another precision.
TEST(PixelModel, DrawsInFloat64AreTheSame) {
  torch::NoGradGuard no_grad;
  Rng rng(7);
  for (const auto& [name, options] : small_pixel_models()) {
    auto model =
        pixel_model(name, with(options, {{"height", "6"}, {"width", "6"}, {"states", "4"}}));
    const Batch uniform{rng.uniform({4, 36})};
    const auto drawn = model->draw(uniform);
    model->to(torch::kDouble);
    EXPECT_TRUE(torch::equal(model->draw(uniform).to(torch::kFloat32), drawn)) << name;
  }
}

TEST(PixelModel, APictureDoesNotDependOnTheOthersInItsBatch) {
  torch::NoGradGuard no_grad;
  Rng rng(8);
  for (const auto& [name, options] : small_pixel_models()) {
    auto model =
        pixel_model(name, with(options, {{"height", "5"}, {"width", "5"}, {"states", "7"}}));
    const auto uniform = rng.uniform({70, 25});
    const auto all = model->draw(uniform);
    for (const std::int64_t n : {0, 31, 69})
      EXPECT_TRUE(torch::equal(model->draw(uniform.narrow(0, n, 1)), all.narrow(0, n, 1))) << name;
  }
}

TEST(PixelModel, WithoutWeightsForItAClassChangesNothing) {
  torch::NoGradGuard no_grad;
  Rng rng(9);
  const auto x = rng.integers(2, {6, 1, 3, 3}).to(torch::kFloat32);
  for (const auto& [name, options] : small_pixel_models()) {
    auto model = pixel_model(name, with(options, {{"condition", "label"}, {"classes", "3"}}));
    const auto of_class = model->log_prob({x, torch::full({6}, 2, torch::kInt64)});
    EXPECT_FALSE(torch::equal(model->log_prob({x, torch::zeros({6}, torch::kInt64)}), of_class));
    for (auto& entry : model->named_parameters())
      if (entry.key().find("label") != std::string::npos) entry.value().zero_();
    auto plain = pixel_model(name, options);
    for (auto& entry : plain->named_parameters())
      entry.value().copy_(model->named_parameters()[entry.key()]);
    EXPECT_TRUE(torch::allclose(model->log_prob({x, torch::ones({6}, torch::kInt64)}),
                                plain->log_prob(x), 1e-6, 1e-6))
        << name;
  }
}

TEST(PixelModel, JointProbabilitiesOfPicturesAndClassesAddUpToOne) {
  torch::NoGradGuard no_grad;
  auto model =
      pixel_model("gated_pixel_cnn",
                  {{"maps", "4"}, {"layers", "2"}, {"condition", "label"}, {"classes", "3"}});
  const auto all = all_pictures(2, 1, 3, 3);
  EXPECT_NEAR(total(model->class_logits(all)), 1, 1e-5);
}

TEST(PixelModel, ClassesWeighAsTheyDoAmongTheData) {
  torch::NoGradGuard no_grad;
  auto model = pixel_model(
      "pixel_cnn", {{"hidden", "3"}, {"layers", "1"}, {"condition", "label"}, {"classes", "3"}});
  const auto shares = torch::tensor({.5, .2, .3}, torch::kDouble);
  model->start_from_data({{}, {}, shares});
  const auto x = torch::zeros({1, 9});
  const auto joint = model->class_logits(x)[0];
  for (std::int64_t y = 0; y < 3; ++y)
    EXPECT_NEAR(joint[y].item<double>(),
                model->log_prob({x, torch::full({1}, y, torch::kInt64)}).item<double>() +
                    std::log(shares[y].item<double>()),
                1e-5);
}

TEST(PixelModel, TheFirstNumberIsUniformOrAsInTheDataThatWereSeen) {
  torch::NoGradGuard no_grad;
  const auto options = with(small_pixel_models().front().second, {{"states", "4"}});
  auto uniform = pixel_model("pixel_cnn", with(options, {{"first_pixel", "uniform"}}));
  auto data = pixel_model("pixel_cnn", with(options, {{"first_pixel", "data"}}));
  Rng rng(10);
  auto x = torch::zeros({6, 1, 3, 3});
  x.select(3, 0).fill_(3);  // every first number is 3
  data->begin_round(Batch{x}, rng);
  const auto first = [&](PixelModel& model) {
    return model.log_conditionals(x).exp().select(1, 0)[0].item<double>();
  };
  EXPECT_NEAR(first(*uniform), 0.25, 1e-6);
  EXPECT_NEAR(first(*data), 7. / 10, 1e-6);  // 6 seen and one of each of 4 states
  const auto drawn = data->draw(Batch{rng.uniform({4000, 9})}).select(1, 0);
  EXPECT_NEAR(drawn.eq(3).to(torch::kDouble).mean().item<double>(), .7,
              5 * std::sqrt(.7 * .3 / 4000));
}

TEST(PixelModel, ALowTemperatureDrawsTheLikeliestNumbers) {
  auto model = pixel_model("gated_pixel_cnn", {{"maps", "4"}, {"layers", "2"}, {"states", "4"}}, 2);
  Rng rng(11);
  const auto cold = model->sample({.count = 20, .temperature = 1e-4}, rng);
  EXPECT_TRUE(torch::equal(cold, cold[0].expand_as(cold)));  // one picture, whatever is drawn
  const auto warm = model->sample({.count = 20}, rng);
  EXPECT_FALSE(torch::equal(warm, warm[0].expand_as(warm)));
}

TEST(PixelModel, CompletionsKeepWhatIsKnownAndGoOnFromIt) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, options] : small_pixel_models()) {
    auto model = pixel_model(name, with(options, {{"height", "6"}, {"width", "4"}}));
    Rng rng(12), again(12);
    const auto uniform = Rng(12).uniform({5, 24});
    const auto whole = model->draw(uniform);  // what the same numbers draw without any known
    const auto first = model->ordering().slice(0, 0, 8);
    const auto known = torch::zeros({5, 24}).index_fill_(1, first, 1);
    const auto completed = model->complete(whole.reshape({5, 1, 6, 4}), known, rng);
    EXPECT_TRUE(torch::equal(completed.flatten(1), whole)) << name;
    const auto other = torch::where(known.gt(0), 1 - whole, whole);
    const auto moved = model->complete(other, known, again).flatten(1);
    EXPECT_TRUE(torch::equal(moved.index_select(1, first), other.index_select(1, first)));
  }
}

TEST(PixelModel, ADrawCanBeWatchedAndStopped) {
  for (const auto type : {torch::kFloat32, torch::kDouble}) {
    auto model =
        pixel_model("pixel_cnn", {{"hidden", "3"}, {"layers", "1"}, {"ordering", "column"}});
    model->to(type);
    Rng rng(13), again(13);
    std::vector<double> shares;
    Tensor last;
    SampleRequest request{.count = 3};
    const auto plain = model->sample(request, again);
    request.watch = [&](const Tensor& so_far, double share) {
      shares.push_back(share);
      last = so_far.clone();
      return true;
    };
    EXPECT_TRUE(torch::equal(model->sample(request, rng), plain));
    EXPECT_TRUE(torch::equal(last, plain));
    ASSERT_EQ(shares.size(), 9u);
    EXPECT_DOUBLE_EQ(shares.front(), 1. / 9);
    EXPECT_DOUBLE_EQ(shares.back(), 1);
    request.watch = [](const Tensor& so_far, double share) {
      EXPECT_TRUE(so_far.slice(3, 1).eq(0).all().item<bool>());  // only the first column
      return share < .3;
    };
    EXPECT_THROW(model->sample(request, rng), Interrupted);
  }
}

TEST(PixelModel, RefusesWhatItCannotLearnOrDraw) {
  const auto refusal = [](const std::string& name, const OptionMap& options) {
    return message_of<ConfigError>([&] { pixel_model(name, options); });
  };
  EXPECT_EQ(
      refusal("pixel_rnn", {{"ordering", "spiral"}}),
      "[pixel_rnn.ordering] a masked network reads the rows above and what lies before in the "
      "row, which is not what comes before in the order 'spiral'; use raster, column or "
      "serpentine, or made or nade");
  EXPECT_EQ(refusal("gated_pixel_cnn", {{"kernel", "4"}}),
            "[gated_pixel_cnn.kernel] must be odd, got 4");
  EXPECT_EQ(message_of<ConfigError>([] {
              make_model(find_model("pixel_cnn"),
                         {{"data_dim", "4"}, {"channels", "0"}, {"height", "0"}, {"width", "0"}},
                         1);
            }),
            "[pixel_cnn] learns pictures, and the data are a table; use made or nade there");
  auto model = pixel_model("pixel_cnn", {{"hidden", "3"}, {"layers", "1"}});
  EXPECT_EQ(message_of<ConfigError>([&] {
              model->log_prob(torch::full({1, 1, 3, 3}, 2.f));
            }),
            "[pixel_cnn.log_prob] x must hold whole numbers from 0 to 1, got 2");
  Rng rng(1);
  auto known = torch::zeros({1, 9});
  known.slice(1, 4, 9).fill_(1);
  EXPECT_EQ(message_of<ConfigError>([&] {
              model->complete(torch::zeros({1, 9}), known, rng);
            }),
            "[pixel_cnn.complete] known numbers must come before all unknown ones in the ordering "
            "'raster', but number 4 of picture 0 is known and comes after an unknown one; mask a "
            "later part, or train with an ordering that visits the known part first");
}

}  // namespace
}  // namespace kiln
