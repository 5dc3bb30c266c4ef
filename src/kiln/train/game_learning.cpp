#include "kiln/train/game_learning.h"

#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kiln/core/check.h"
#include "kiln/core/torch_compat.h"
#include "kiln/train/stages.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

std::vector<Tensor> tensors_of(const std::vector<NamedTensor>& named) {
  std::vector<Tensor> list;
  for (const auto& entry : named) list.push_back(entry.tensor);
  return list;
}

// Scales gradients so that their joint norm is at most `limit`; returns the norm before.
double clip_norm(std::vector<Tensor>& gradients, double limit) {
  torch::NoGradGuard no_grad;
  double squares = 0;
  for (const auto& g : gradients)
    if (g.defined()) squares += g.square().sum(torch::kFloat64).item<double>();
  const double norm = std::sqrt(squares);
  if (norm > limit)
    for (auto& g : gradients)
      if (g.defined()) g = g * (limit / norm);
  return norm;
}

// A parameter belongs to one player unless every player that moves it declares it shared.
void check_ownership(const std::vector<Player>& players) {
  std::map<void*, const Player*> owners;
  const auto declares = [](const Player& player, const std::string& name) {
    return std::find(player.shares.begin(), player.shares.end(), name) != player.shares.end();
  };
  for (const auto& player : players)
    for (const auto& [name, tensor] : player.parameters) {
      const auto [entry, fresh] = owners.emplace(tensor.unsafeGetTensorImpl(), &player);
      if (!fresh && !(declares(player, name) && declares(*entry->second, name)))
        throw ConfigError(
            "trainer",
            fmt::format(
                "parameter '{}' belongs to players '{}' and '{}'; both must declare it shared",
                name, entry->second->name, player.name));
    }
}

// Running statistics and singular vectors go with the weights beside which they stand: those of the
// averages are their averages.
std::vector<NamedTensor> averaged_buffers(const Model& model,
                                          const std::vector<NamedTensor>& parameters) {
  const auto module_of = [](const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? std::string() : name.substr(0, dot + 1);
  };
  std::set<std::string> modules;
  for (const auto& entry : parameters) modules.insert(module_of(entry.name));
  modules.erase("");  // a model's own buffers are no part of a layer
  std::vector<NamedTensor> list;
  for (const auto& entry : model.named_buffers())
    if (entry.value().is_floating_point() && modules.contains(module_of(entry.key())))
      list.push_back({entry.key(), entry.value()});
  return list;
}

}  // namespace

GameLearning::GameLearning(Game& game, Feed feed, const TrainOptions& options, torch::Device device)
    : game_(game),
      feed_(std::move(feed)),
      device_(device),
      clip_(options.clip),
      accumulate_(options.accumulate),
      stages_(game.stages()),
      schedule_{options.schedule,     options.steps,      options.hold,
                options.warmup_steps, options.step_every, options.step_factor},
      noise_(static_cast<std::uint64_t>(options.seed), "noise", device) {
  auto players = game.players();
  check_ownership(players);
  std::vector<NamedTensor> all;
  std::set<void*> seen;
  for (auto& player : players) {
    for (const auto& entry : player.parameters)
      if (player.averaged && seen.insert(entry.tensor.unsafeGetTensorImpl()).second)
        all.push_back(entry);
    auto optimizer = std::make_unique<Optimizer>(player.parameters,
                                                 override_optimizer(player.optimizer, options));
    seats_.push_back({std::move(player), std::move(optimizer)});
  }
  if (options.ema == 0) return;
  for (auto& entry : averaged_buffers(game, all)) all.push_back(std::move(entry));
  ema_ = std::make_unique<Ema>(std::move(all), options.ema);
}

// What a stage changes at its first round; how many batches a turn sees.  Where a training stands
// among its stages is told by the number of its rounds alone.
std::int64_t GameLearning::begin_stage(std::int64_t number) {
  const auto [stage, begins] = stage_of(stages_, number);
  if (begins)
    for (const auto& name : stage.fresh_moments)
      for (auto& seat : seats_)
        if (seat.player.name == name) seat.optimizer->forget();
  return stage.batches;
}

StepEnd GameLearning::step(std::int64_t number, ScalarMeans& log) {
  const auto batches = begin_stage(number);
  auto batch = feed_.next(device_, batches);
  game_.begin_round(batch, noise_);
  for (auto& seat : seats_)
    for (int turn = 0; turn < seat.player.turns; ++turn) {
      if (turn > 0) {
        batch = feed_.next(device_, batches);
        game_.begin_round(batch, noise_);
      }
      play_turn(seat, batch, number, log);
    }
  if (ema_) ema_->update();
  return {};
}

std::vector<Tensor> GameLearning::gradients_of(const Seat& seat, const Batch& batch,
                                               std::int64_t number, ScalarMeans& log) {
  const auto objective = seat.player.objective(batch, noise_);
  const double loss = objective.loss.item<double>();
  if (!std::isfinite(loss)) {
    check_parameters(number);
    throw NumericError(
        "train",
        fmt::format("the loss of player '{}' is {} at step {}, though its parameters are finite; "
                    "lower --learning-rate or set --clip",
                    seat.player.name, loss, number + 1),
        number + 1);
  }
  log.add(seat.player.name + "/loss", loss);
  for (const auto& [name, value] : objective.log)
    log.add(seat.player.name + "/" + name, value.item<double>());
  return torch::autograd::grad({objective.loss}, tensors_of(seat.player.parameters), {},
                               /*retain_graph=*/kNone, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

// The mean of the gradients of equal parts, one after the other, so that only one part's graph
// stands at a time.
std::vector<Tensor> GameLearning::added_gradients(const Seat& seat, const Batch& batch,
                                                  std::int64_t number, ScalarMeans& log) {
  std::vector<Tensor> sums;
  const auto places =
      torch::arange(batch.x.size(0), torch::TensorOptions(batch.x.device()).dtype(torch::kInt64));
  for (const auto& part : places.chunk(accumulate_)) {
    const auto gradients = gradients_of(seat, batch.chosen(part), number, log);
    if (sums.empty()) sums.resize(gradients.size());
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i].defined())
        sums[i] = sums[i].defined() ? sums[i] + gradients[i] : gradients[i];
  }
  const auto parts = static_cast<double>(accumulate_);
  for (auto& sum : sums)
    if (sum.defined()) sum = sum / parts;
  return sums;
}

void GameLearning::play_turn(Seat& seat, const Batch& batch, std::int64_t number,
                             ScalarMeans& log) {
  auto gradients = accumulate_ == 1 ? gradients_of(seat, batch, number, log)
                                    : added_gradients(seat, batch, number, log);
  if (clip_ > 0) log.add(seat.player.name + "/gradient_norm", clip_norm(gradients, clip_));
  seat.optimizer->step(
      gradients, seat.optimizer->options().learning_rate * schedule_factor(schedule_, number));
}

void GameLearning::check_parameters(std::int64_t steps_done) const {
  for (const auto& seat : seats_)
    for (const auto& [name, tensor] : seat.player.parameters)
      if (!tensor.isfinite().all().item<bool>())
        throw NumericError(
            "train",
            fmt::format(
                "parameter '{}' of player '{}' is not finite at step {}; lower --learning-rate "
                "or set --clip",
                name, seat.player.name, steps_done),
            steps_done);
}

namespace {

std::string missed_key(const Player& player) { return "optimizer_missed/" + player.name + "/"; }

}  // namespace

void GameLearning::save(SafetensorsFile& file, Counts& counts) const {
  for (const auto& seat : seats_) {
    append_tensors(file, "optimizer/" + seat.player.name + "/", seat.optimizer->state());
    counts["optimizer_steps/" + seat.player.name] =
        static_cast<std::uint64_t>(seat.optimizer->steps());
    for (const auto& [name, missed] : seat.optimizer->missed())
      counts[missed_key(seat.player) + name] = static_cast<std::uint64_t>(missed);
  }
  if (ema_) {
    put_averages(file, ema_->state());
    counts["ema_updates"] = static_cast<std::uint64_t>(ema_->updates());
  }
  counts["noise_key"] = noise_.state().key;
  counts["noise_counter"] = noise_.state().counter;
}

void GameLearning::restore(const std::string& source, const SafetensorsFile& file,
                           const Counts& counts) {
  for (auto& seat : seats_) {
    load_tensors(source, file, "optimizer/" + seat.player.name + "/", seat.optimizer->state());
    std::map<std::string, std::int64_t> missed;
    const auto key = missed_key(seat.player);
    for (const auto& [name, count] : counts)
      if (name.starts_with(key)) missed[name.substr(key.size())] = static_cast<std::int64_t>(count);
    seat.optimizer->set_steps(
        static_cast<std::int64_t>(counts.at("optimizer_steps/" + seat.player.name)), missed);
  }
  if (ema_) {
    load_averages(source, file, ema_->state(), ema_->weights());
    ema_->set_updates(static_cast<std::int64_t>(counts.at("ema_updates")));
  }
  noise_.restore({counts.at("noise_key"), counts.at("noise_counter")});
}

}  // namespace kiln
