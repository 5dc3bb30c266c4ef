#pragma once

#include "kiln/train/learning.h"
#include "kiln/train/optimizer.h"

namespace kiln {

/// Rounds of a game: one update of every player in each, `turns` of those that ask for more.
class GameLearning : public Learning {
 public:
  GameLearning(Game& game, Feed feed, const TrainOptions& options, torch::Device device);

  Feed& feed() override { return feed_; }
  StepEnd step(std::int64_t number, ScalarMeans& log) override;
  void check_parameters(std::int64_t steps_done) const override;
  Ema* ema() override { return ema_.get(); }
  void save(SafetensorsFile& file, Counts& counts) const override;
  void restore(const std::string& source, const SafetensorsFile& file,
               const Counts& counts) override;

 private:
  struct Seat {  // a player and what is kept for it
    Player player;
    std::unique_ptr<Optimizer> optimizer;
  };
  std::int64_t begin_stage(std::int64_t number);
  std::vector<Tensor> gradients_of(const Seat& seat, const Batch& batch, std::int64_t number,
                                   ScalarMeans& log);
  std::vector<Tensor> added_gradients(const Seat& seat, const Batch& batch, std::int64_t number,
                                      ScalarMeans& log);
  void play_turn(Seat& seat, const Batch& batch, std::int64_t number, ScalarMeans& log);

  Game& game_;
  Feed feed_;
  torch::Device device_;
  double clip_;
  std::int64_t accumulate_;
  std::vector<Stage> stages_;
  ScheduleOptions schedule_;
  Rng noise_;
  std::vector<Seat> seats_;
  std::unique_ptr<Ema> ema_;
};

}  // namespace kiln
