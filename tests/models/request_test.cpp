#include "kiln/models/request.h"

#include <gtest/gtest.h>

#include <cmath>

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

}  // namespace
}  // namespace kiln
