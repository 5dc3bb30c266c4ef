#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/models/latent/vae.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(VaeRefusals, RefuseShapesThatAreNotItsOwn) {
  Vae vae({.data_dim = 6, .latent = 2, .hidden = 4});
  Rng rng(1);
  EXPECT_EQ(message_of([&] {
              vae.bound_terms({torch::ones({3, 5}), {}}, rng);
            }),
            "[vae.bound_terms] x must have shape [*, 6], got [3, 5]");
  EXPECT_EQ(message_of([&] {
              vae.log_prob_iwae({torch::ones({3, 6}), {}}, 0, rng);
            }),
            "[vae.log_prob_iwae] draws must be positive, got 0");
  EXPECT_EQ(message_of([&] {
              vae.decode_mean(torch::ones({3, 1}));
            }),
            "[vae.decode_mean] z must have shape [*, 2], got [3, 1]");
  EXPECT_EQ(message_of([&] { vae.start_from_data({.mean = torch::ones({5}), .deviation = {}}); }),
            "[vae.start_from_data] mean must have shape [6], got [5]");
  Vae images({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .latent = 2, .hidden = 4});
  EXPECT_EQ(message_of([&] {
              images.encode_mean(torch::ones({3, 4}));
            }),
            "[vae.encode] x must have shape [*, 1, 2, 2], got [3, 4]");
}

TEST(VaeRefusals, RefuseSettingsThatMakeNoSense) {
  EXPECT_EQ(message_of([] { Vae({.latent = 0}); }),
            "[vae.latent] must be between 1 and 4096, got 0");
  EXPECT_EQ(message_of([] { Vae({.sigma = .1}); }),
            "[vae.sigma] a bernoulli decoder has no deviation; use decoder gaussian");
  const std::string few =
      "[vae.gradient_draws] chooses among the k draws of objective iwae, so it needs that "
      "objective "
      "and at most k of them; leave it out for all of them";
  EXPECT_EQ(message_of([] { Vae({.k = 3, .gradient_draws = 2}); }), few);
  EXPECT_EQ(message_of([] { Vae({.objective = VaeObjective::iwae, .k = 3, .gradient_draws = 4}); }),
            few);
  EXPECT_EQ(message_of([] { Vae({.data_dim = 2, .network = CoderNetwork::conv}); }),
            "[vae] network conv needs images, got a table; use network dense");
}

}  // namespace
}  // namespace kiln
