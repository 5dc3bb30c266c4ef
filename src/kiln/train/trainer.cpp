#include "kiln/train/trainer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "kiln/core/check.h"
#include "kiln/train/feed.h"
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

}  // namespace

TrainOptions resolve(TrainOptions options, std::int64_t batches_per_epoch) {
  if (options.steps == 0) options.steps = options.epochs * batches_per_epoch;
  if (options.validate_every == 0) options.validate_every = batches_per_epoch;
  if (options.checkpoint_every == 0)
    options.checkpoint_every = std::min<std::int64_t>(1000, batches_per_epoch);
  if (options.sample_every == 0)
    options.sample_every = std::max<std::int64_t>(1, options.steps / 10);
  return options;
}

Trainer::Trainer(Game& game, Loader& loader, const TrainOptions& options, torch::Device device)
    : game_(game),
      loader_(loader),
      options_(checked("train", options)),
      device_(device),
      schedule_{options.schedule, options.steps, options.warmup_steps, options.step_every,
                options.step_factor},
      noise_(static_cast<std::uint64_t>(options.seed), "noise", device) {
  check_positive("trainer", "steps", options.steps);
  auto players = game.players();
  check_ownership(players);
  std::vector<NamedTensor> all;
  std::set<void*> seen;
  for (auto& player : players) {
    for (const auto& entry : player.parameters)
      if (seen.insert(entry.tensor.unsafeGetTensorImpl()).second) all.push_back(entry);
    auto optimizer = std::make_unique<Optimizer>(player.parameters,
                                                 override_optimizer(player.optimizer, options));
    seats_.push_back({std::move(player), std::move(optimizer)});
  }
  if (options.ema > 0) ema_ = std::make_unique<Ema>(std::move(all), options.ema);
}

TrainEnd Trainer::run(const TrainHooks& hooks) {
  game_.train();
  while (step_ < options_.steps) {
    play_round();
    if (hooks.progress)
      hooks.progress(step_,
                     sums_.empty() ? 0 : sums_[0].second.total / double(sums_[0].second.count));
    const bool last = step_ == options_.steps;
    const bool stop = hooks.interrupted && hooks.interrupted();
    const bool save = last || stop || due(options_.checkpoint_every);
    if (save || due(options_.log_every)) flush_record(hooks);
    if (hooks.validate && (last || due(options_.validate_every))) validate(hooks);
    if (hooks.preview && (last || due(options_.sample_every))) {
      Ema::Scope averaged(ema_.get());
      hooks.preview(step_);
      game_.train();
    }
    const bool tired = options_.patience > 0 && waited_ >= options_.patience;
    if (save || tired) {
      check_parameters();
      if (hooks.checkpoint) hooks.checkpoint(step_);
    }
    if (stop && !last) return TrainEnd::interrupted;
    if (tired && !last) return TrainEnd::stopped_early;
  }
  return TrainEnd::finished;
}

void Trainer::play_round() {
  const auto next_batch = [this] { return to_batch(loader_.next(), loader_.info(), device_); };
  auto batch = next_batch();
  game_.begin_round(batch, noise_);
  for (auto& seat : seats_)
    for (int turn = 0; turn < seat.player.turns; ++turn) {
      if (turn > 0) {
        batch = next_batch();
        game_.begin_round(batch, noise_);
      }
      play_turn(seat, batch);
    }
  ++step_;
  if (ema_) ema_->update();
}

void Trainer::play_turn(Seat& seat, const Batch& batch) {
  const auto objective = seat.player.objective(batch, noise_);
  const double loss = objective.loss.item<double>();
  if (!std::isfinite(loss)) {
    check_parameters();
    throw NumericError(
        "train",
        fmt::format("the loss of player '{}' is {} at step {}, though its parameters are finite; "
                    "lower --learning-rate or set --clip",
                    seat.player.name, loss, step_ + 1),
        step_ + 1);
  }
  auto gradients = torch::autograd::grad({objective.loss}, tensors_of(seat.player.parameters), {},
                                         /*retain_graph=*/c10::nullopt, /*create_graph=*/false,
                                         /*allow_unused=*/true);
  add_scalar(seat.player.name + "/loss", loss);
  for (const auto& [name, value] : objective.log)
    add_scalar(seat.player.name + "/" + name, value.item<double>());
  if (options_.clip > 0)
    add_scalar(seat.player.name + "/gradient_norm", clip_norm(gradients, options_.clip));
  seat.optimizer->step(gradients,
                       seat.optimizer->options().learning_rate * schedule_factor(schedule_, step_));
}

void Trainer::add_scalar(const std::string& name, double value) {
  auto found = std::find_if(sums_.begin(), sums_.end(),
                            [&](const auto& entry) { return entry.first == name; });
  if (found == sums_.end()) found = sums_.insert(sums_.end(), {name, Sum{}});
  found->second.total += value;
  ++found->second.count;
}

void Trainer::check_parameters() const {
  for (const auto& seat : seats_)
    for (const auto& [name, tensor] : seat.player.parameters)
      if (!tensor.isfinite().all().item<bool>())
        throw NumericError(
            "train",
            fmt::format(
                "parameter '{}' of player '{}' is not finite at step {}; lower --learning-rate "
                "or set --clip",
                name, seat.player.name, step_),
            step_);
}

void Trainer::flush_record(const TrainHooks& hooks) {
  if (sums_.empty()) return;
  TrainRecord record{.step = step_, .loss = 0, .scalars = {}};
  for (const auto& [name, sum] : sums_)
    record.scalars.emplace_back(name, sum.total / static_cast<double>(sum.count));
  record.loss = record.scalars.front().second;
  sums_.clear();
  if (hooks.record) hooks.record(record);
}

void Trainer::validate(const TrainHooks& hooks) {
  double value = 0;
  {
    Ema::Scope averaged(ema_.get());
    value = hooks.validate();
    game_.train();
  }
  const bool improved = std::isfinite(value) && (!best_ || value < *best_);
  waited_ = improved ? 0 : waited_ + 1;
  if (improved) best_ = value, best_step_ = step_;
  if (hooks.validated) hooks.validated(step_, value, improved);
}

SafetensorsFile Trainer::snapshot() const {
  SafetensorsFile file;
  append_tensors(file, "", weights_of(game_));
  nlohmann::json state{{"step", step_}, {"best_step", best_step_}, {"waited", waited_}};
  for (const auto& seat : seats_) {
    append_tensors(file, "optimizer/" + seat.player.name + "/", seat.optimizer->state());
    state["optimizer_steps"][seat.player.name] = seat.optimizer->steps();
  }
  if (ema_) {
    append_tensors(file, "ema/", ema_->state());
    state["ema_updates"] = ema_->updates();
  }
  state["noise"] = {noise_.state().key, noise_.state().counter};
  state["data"] = {loader_.state().epoch, loader_.state().batch};
  if (best_) state["best"] = *best_;
  file.metadata["kiln.state"] = state.dump();
  return file;
}

void Trainer::restore(const std::string& source, const SafetensorsFile& file) {
  load_tensors(source, file, "", weights_of(game_));
  try {
    const auto state = nlohmann::json::parse(file.metadata.at("kiln.state"));
    for (auto& seat : seats_) {
      load_tensors(source, file, "optimizer/" + seat.player.name + "/", seat.optimizer->state());
      seat.optimizer->set_steps(
          state.at("optimizer_steps").at(seat.player.name).get<std::int64_t>());
    }
    if (ema_) {
      load_tensors(source, file, "ema/", ema_->state());
      ema_->set_updates(state.at("ema_updates").get<std::int64_t>());
    }
    step_ = state.at("step").get<std::int64_t>();
    best_step_ = state.at("best_step").get<std::int64_t>();
    waited_ = state.at("waited").get<std::int64_t>();
    if (state.contains("best")) best_ = state.at("best").get<double>();
    noise_.restore({state.at("noise").at(0).get<std::uint64_t>(),
                    state.at("noise").at(1).get<std::uint64_t>()});
    loader_.restore(
        {state.at("data").at(0).get<std::int64_t>(), state.at("data").at(1).get<std::int64_t>()});
  } catch (const std::out_of_range&) {
    throw IoError(source,
                  "holds weights but no training state; it can be sampled and judged, not resumed");
  } catch (const nlohmann::json::exception& error) {
    throw IoError(source, fmt::format("the training state is damaged: {}", error.what()));
  }
}

}  // namespace kiln
