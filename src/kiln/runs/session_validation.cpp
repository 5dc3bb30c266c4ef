// What a session measures and draws while it trains.
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/io/atomic_file.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/models/informative.h"
#include "kiln/models/seen_as.h"
#include "kiln/nn/eval_scope.h"
#include "kiln/runs/session.h"
#include "kiln/runs/watch.h"
#include "kiln/train/pictures.h"

namespace kiln {
namespace {

constexpr std::int64_t kInformationItems = 512, kShown = 8;
constexpr const char *kCycle = "cycle_error", *kCycleBack = "cycle_error_b2a";

}  // namespace

void Session::note_validation(Records& records, std::int64_t step, double value, bool best) {
  const auto note = [&](const std::string& metric, double figure, const char* remark) {
    records.add_validation(step, metric, figure);
    hooks_.say(fmt::format("step {}: validation {} {:.{}f} {}{}", step, metric, figure,
                           metric_digits(metric), metric_unit(metric), remark));
  };
  note(metric_, rises(metric_) ? -value : value, best ? " (best)" : "");
  if (matches_a_prior(*model_)) note("code_mmd", code_mmd_, "");
  if (metric_ == kCycle && data_.b) note(kCycleBack, cycle_back_, "");
  if (auto* told = seen_as<Informative>(*model_)) note_information(*told, records, step);
  const bool late = 2 * step >= folder_.config().train.steps;  // no generator covers data at once
  if (metric_ == kCoverage && late) warn("coverage", coverage_warning(-value));
}

// A warning of a kind is said once; its numbers change from one validation to the next.
void Session::warn(const std::string& kind, const std::string& warning) {
  if (!warning.empty() && warned_.insert(kind).second) hooks_.say(warning);
}

// What single pictures tell of their codes, beside what they told in the batches of training.
void Session::note_information(Informative& model, Records& records, std::int64_t step) {
  Rng noise(folder_.config().seed(), "information", device_);
  const EvalScope judging(*model_);
  const auto parts = model.code_parts();
  const auto judged = model.information(kInformationItems, noise).mean(0);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto name = "information_" + parts[i].name;
    const double alone = judged[static_cast<std::int64_t>(i)].item<double>();
    records.add_validation(step, name, alone);
    const auto found = scalars_.find("generator/" + name);
    if (found != scalars_.end())
      warn("information", information_warning(name, found->second, alone));
  }
}

// Both figures are of the same weights: the averaged ones, where there are any.
double Session::validate() {
  const auto figure = [this](const std::string& metric) {
    return validation_figure(*model_, metric, data_, folder_.config().train, device_,
                             hooks_.interrupted);
  };
  if (matches_a_prior(*model_)) code_mmd_ = figure("code_mmd");
  if (metric_ == kCycle && data_.b)
    cycle_back_ = judge(*model_, kCycle, data_.b->valid, data_.b->transform, device_,
                        {.most_items = folder_.config().train.validation_items,
                         .seed = folder_.config().seed(),
                         .direction = "b2a",
                         .stopped = hooks_.interrupted})
                      .mean;
  return figure(metric_);
}

// Without the ending of its file; the folder is there then.
std::filesystem::path Session::preview_path(std::int64_t step) const {
  std::filesystem::create_directories(folder_.path() / "samples");
  auto stem = folder_.path() / "samples" / fmt::format("step-{:08}", step);
  for (const auto* ending : {".png", ".svg", ".npy"}) drop_link(stem.string() + ending);
  return stem;
}

// The same noise every time: one sees the pictures change as the model learns.
void Session::preview(std::int64_t step) const {
  const EvalScope judging(*model_);
  Rng noise(folder_.config().seed(), "preview", device_);
  if (const auto rows =
          model_->preview(shown_items(data_, kShown, folder_.config().seed(), device_), noise);
      !rows.empty())
    write_png(preview_path(step).string() + ".png", row_grid(rows, model_->value_set()),
              {{"model", folder_.config().model}, {"step", std::to_string(step)}});
  else if (auto* sampler = seen_as<Sampler>(*model_))
    preview_samples(*sampler, step);
}

// Points of the plane are many enough to show their law, and kept as numbers for `kiln film`.
void Session::preview_samples(Sampler& sampler, std::int64_t step) const {
  Rng noise(folder_.config().seed(), "preview", device_);
  auto* decoder = seen_as<Decoder>(*model_);
  auto* prior = seen_as<Prior>(*model_);
  const bool plane = data_.train->info().shape == std::vector<std::int64_t>{2};
  const std::int64_t count = plane ? 500 : 64;
  torch::NoGradGuard no_grad;
  const auto x = decoder && prior ? decoder->decode_mean(prior->sample_prior(count, noise))
                                  : sampler.sample({.count = count}, noise);
  const auto stem = preview_path(step);
  write_samples(stem, x, model_->value_set(),
                {{"model", folder_.config().model},
                 {"seed", std::to_string(folder_.config().train.seed)},
                 {"step", std::to_string(step)}});
  if (plane) write_tensor(stem.string() + ".npy", x);
}

}  // namespace kiln
