#pragma once

#include <torch/types.h>

#include "kiln/data/dataset.h"
#include "kiln/models/model.h"

namespace kiln {

/// A point cloud in memory: item i is (i, 2 i) / size.
class ToyData : public Dataset {
 public:
  explicit ToyData(std::int64_t size) : size_(size) {
    info_.name = "toy";
    info_.shape = {2};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    x[0] = static_cast<float>(index) / static_cast<float>(size_);
    x[1] = 2 * x[0];
    return -1;
  }

 private:
  std::int64_t size_;
  DataInfo info_;
};

inline Transform real_values() {
  Transform transform;
  transform.from = transform.to = Values::real;
  return transform;
}

/// A game of two: "left" fits the data's mean with noise, "right" chases left's vector.
class ToyGame : public Game {
 public:
  ToyGame()
      : left_(register_parameter("left", torch::zeros({2}))),
        right_(register_parameter("right", torch::ones({2}))) {}
  Values values() const override { return Values::real; }

  std::vector<Stage> stages() const override { return stage_list; }
  bool adds_over_items() const override { return right_turns == 0; }

  std::vector<Player> players() override {
    Player left{.name = "left",
                .parameters = {{"left", left_}},
                .objective = [this](const Batch& batch, Rng& rng) {
                  seen.push_back(batch.x.size(0));
                  const auto target = batch.x + noise * rng.normal(batch.x.sizes());
                  const auto loss = (left_ - target).square().sum(1).mean() * scale;
                  return Objective{.loss = loss, .log = {{"first", left_[0]}}};
                }};
    Player right{.name = "right",
                 .parameters = {{"right", right_}},
                 .objective = [this](const Batch&, Rng&) {
                   return Objective{.loss = (right_ - left_).square().sum()};
                 }};
    right.turns = right_turns;
    right.averaged = right_averaged;
    right.optimizer.kind = OptimizerKind::sgd;
    right.optimizer.learning_rate = 0.1;
    right.optimizer.momentum = 0.5;
    return {left, right};
  }

  Tensor left() const { return left_; }
  Tensor right() const { return right_; }
  double scale = 1;  // infinity breaks the loss of "left"
  double noise = .01;
  int right_turns = 2;
  bool right_averaged = true;
  std::vector<Stage> stage_list;
  std::vector<std::int64_t> seen;  // items in each turn of "left"

 private:
  Tensor left_, right_;
};

}  // namespace kiln
