#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/models/latent/aae.h"
#include "tests/support/descent.h"

namespace kiln {

/// An Aae whose weights depend on `seed` alone.
inline std::shared_ptr<Aae> seeded_aae(const AaeOptions& options, std::uint64_t seed = 3) {
  Rng init(seed);
  Rng::Scope scope(init);
  return std::make_shared<Aae>(options);
}

inline Player player_of(Aae& aae, const std::string& name) {
  for (auto& player : aae.players())
    if (player.name == name) return player;
  ADD_FAILURE() << "no player " << name;
  return {};
}

/// Weights to zero; labelled items are zeros, too, of the classes in turn.
inline void set_zero(Aae& aae) {
  torch::NoGradGuard no_grad;
  for (auto& p : aae.parameters()) p.zero_();
  for (auto& buffer : aae.named_buffers())
    if (buffer.key() == "labelled_y")
      buffer.value().copy_(torch::arange(buffer.value().size(0)).remainder(2));
}

/// The loss of one turn on a random batch of ten.
inline double turn_loss(Aae& aae, const std::string& name) {
  Rng rng(5);
  std::vector<std::int64_t> shape{10, 4};
  const Batch batch{rng.uniform(shape), {}};
  aae.begin_round(batch, rng);
  return player_of(aae, name).objective(batch, rng).loss.item<double>();
}

/// Gives the model N drawn items [N, 3], of the classes in turn, and returns them.
inline Batch labelled_set(Aae& aae, std::int64_t count, std::int64_t classes) {
  Rng rng(6);
  const Batch labelled{rng.uniform({count, 3}), torch::arange(count).remainder(classes)};
  aae.start_from_labelled(labelled);
  return labelled;
}

}  // namespace kiln
