#pragma once

#include <torch/optim/adam.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "kiln/models/model.h"

namespace kiln {

/// Adam on one player's parameters, its rate falling to 0 as half a cosine.
class Descent {
 public:
  Descent(const Player& player, double rate, int steps)
      : adam_(tensors(player), torch::optim::AdamOptions(rate).betas({.5, .999})),
        rate_(rate),
        steps_(steps) {}
  bool more() const { return step_ < steps_; }
  void step(const Tensor& loss) {
    const double rate = rate_ * .5 * (1 + std::cos(M_PI * step_++ / steps_));
    static_cast<torch::optim::AdamOptions&>(adam_.param_groups()[0].options()).lr(rate);
    adam_.zero_grad();
    loss.backward();
    adam_.step();
  }

 private:
  static std::vector<Tensor> tensors(const Player& player) {
    std::vector<Tensor> list;
    for (const auto& p : player.parameters) list.push_back(p.tensor);
    return list;
  }

  torch::optim::Adam adam_;
  double rate_;
  int steps_, step_ = 0;
};

/// Plays `rounds` rounds on drawn batches, with an Adam of its own for each player.
inline void play(Game& game, const std::function<Tensor(Rng&)>& draw, double rate, int rounds) {
  Rng rng(5);
  auto players = game.players();
  std::vector<std::unique_ptr<Descent>> descents;
  for (const auto& player : players)
    descents.push_back(std::make_unique<Descent>(player, rate, rounds));
  while (descents[0]->more()) {
    const Batch batch{draw(rng), {}};
    game.begin_round(batch, rng);
    for (std::size_t i = 0; i < players.size(); ++i)
      descents[i]->step(players[i].objective(batch, rng).loss);
  }
}

}  // namespace kiln
