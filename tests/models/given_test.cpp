#include "kiln/models/given.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::string refusal(const SampleRequest& request, const Conditions& conditions = {}) {
  return message_of([&] { check_request(request, conditions); });
}

constexpr const char* kTaken = "nothing was thrown";

TEST(Given, RequestsThatNoModelCanServeAreRefused) {
  EXPECT_EQ(refusal({.count = 1, .temperature = 0}), kTaken);
  EXPECT_EQ(refusal({.count = 0}), "[sample] count must be positive, got 0");
  EXPECT_EQ(refusal({.temperature = -.5}),
            "[sample] temperature must be a number from 0 up, got -0.5");
  EXPECT_EQ(refusal({.temperature = std::nan("")}),
            "[sample] temperature must be a number from 0 up, got nan");
}

TEST(Given, AModelSaysWhichTemperaturesItsLawHas) {
  using Temperature = Conditions::Temperature;
  EXPECT_EQ(refusal({.temperature = 0}, {.temperature = Temperature::positive}),
            "[sample] temperature must be positive, got 0");
  EXPECT_EQ(refusal({.temperature = .5}, {.temperature = Temperature::positive}), kTaken);
  EXPECT_EQ(refusal({.temperature = 1}, {.temperature = Temperature::one}), kTaken);
  EXPECT_NE(refusal({.temperature = .5}, {.temperature = Temperature::one}), kTaken);
}

TEST(Given, LabelsAreThoseOfTheModel) {
  EXPECT_EQ(refusal({.given = Given::of_class(3)}),
            "[sample] the model has no classes, got label 3; leave it out");
  EXPECT_EQ(refusal({.given = Given::of_class(-1)}, {.classes = 3}),
            "[sample] label must be between 0 and 2, got -1");
  EXPECT_EQ(refusal({.count = 2, .given = {torch::tensor({0, 3})}}, {.classes = 3}),
            "[sample] label must be between 0 and 2, got 3");
  EXPECT_EQ(refusal({.count = 2, .given = {torch::tensor({0, 2})}}, {.classes = 3}), kTaken);
  EXPECT_NE(refusal({.count = 3, .given = {torch::tensor({0, 2})}}, {.classes = 3}), kTaken);
}

TEST(Given, ClassesComeInTurnUnlessSomeAreAskedFor) {
  EXPECT_TRUE(torch::equal(labels_of({.count = 5}, 3), torch::tensor({0, 1, 2, 0, 1})));
  EXPECT_TRUE(
      torch::equal(labels_of({.count = 2, .given = Given::of_class(2)}, 3), torch::tensor({2, 2})));
  EXPECT_TRUE(torch::equal(labels_of({.count = 2, .given = {torch::tensor({2, 0})}}, 3),
                           torch::tensor({2, 0})));
}

}  // namespace
}  // namespace kiln
