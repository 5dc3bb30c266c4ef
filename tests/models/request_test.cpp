#include "kiln/models/request.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::string refusal(const SampleRequest& request) {
  try {
    check_unconditional("vae.sample", request);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Request, RefusesWhatASamplerWithoutClassesCannotDo) {
  EXPECT_EQ(refusal({.count = 1, .temperature = 0}), "no error");
  EXPECT_EQ(refusal({.count = 0}), "[vae.sample] count must be positive, got 0");
  EXPECT_EQ(refusal({.temperature = -.5}),
            "[vae.sample] temperature must be a number from 0 up, got -0.5");
  EXPECT_EQ(refusal({.temperature = std::nan("")}),
            "[vae.sample] temperature must be a number from 0 up, got nan");
  EXPECT_EQ(refusal({.label = 3}),
            "[vae.sample] the model has no classes, got label 3; leave it out");
}

TEST(Request, ClassesComeInTurnUnlessOneIsAskedFor) {
  const auto labels = requested_labels("vae.sample", {.count = 5}, 3);
  EXPECT_TRUE(torch::equal(labels, torch::tensor({0, 1, 2, 0, 1})));
  EXPECT_TRUE(torch::equal(requested_labels("vae.sample", {.count = 2, .label = 2}, 3),
                           torch::tensor({2, 2})));
  EXPECT_EQ(message_of([] { requested_labels("vae.sample", {.count = 2, .label = -1}, 3); }),
            "[vae.sample] label must be between 0 and 2, got -1");
  EXPECT_EQ(message_of([] { requested_labels("vae.sample", {.count = 0}, 3); }),
            "[vae.sample] count must be positive, got 0");
}

}  // namespace
}  // namespace kiln
