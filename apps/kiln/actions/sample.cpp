#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <filesystem>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/sample_files.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/data/code_files.h"
#include "kiln/data/source.h"
#include "kiln/io/atomic_file.h"
#include "kiln/models/seen_as.h"
#include "kiln/use/draw_film.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

// The class that is asked for, by number or by the name that the run's data give it.
std::optional<std::int64_t> wanted_label(const SampleArguments& a, const TrainedModel& run) {
  if (a.class_name.empty()) return a.label;
  const auto& config = run.config;
  const auto source = open_source(
      parse_source(config.data),
      {.seed = static_cast<std::uint64_t>(config.train.seed), .skip_bad = config.skip_bad});
  const auto& names = source.splits.train->info().class_names;
  const auto found = std::find(names.begin(), names.end(), a.class_name);
  if (found != names.end()) return found - names.begin();
  const auto hint = did_you_mean(a.class_name, names);
  throw ConfigError("sample.condition",
                    names.empty()
                        ? fmt::format("the classes of {} have no names; say label=N", config.data)
                        : fmt::format("no class '{}'{} Classes: {}", a.class_name,
                                      hint.empty() ? "." : hint, join(names, ", ")));
}

// The rows of a file, again and again for as many as are asked for.
Given given_codes(const SampleArguments& a, const TrainedModel& run) {
  const auto* sampler = seen_as<Sampler>(*run.model);
  if (!sampler->conditions().more.contains("code"))
    throw ConfigError("sample.condition", "the run was trained without codes; leave code= out");
  auto file = read_codes(a.codes);
  const auto size = sampler->conditions().more.at("code");
  if (file.columns != size || file.rows == 0)
    throw ConfigError(a.codes, fmt::format("holds {} codes of {} numbers, the model is given {}",
                                           file.rows, file.columns, size));
  const auto rows = torch::tensor(file.z).reshape({file.rows, file.columns});
  return {.labels = {},
          .more = {{"code", rows.index_select(0, torch::arange(a.count).remainder(file.rows))}}};
}

Given given(const SampleArguments& a, const TrainedModel& run) {
  if (!a.codes.empty()) return given_codes(a, run);
  const auto label = wanted_label(a, run);
  return label ? Given::of_class(*label) : Given{};
}

// A picture of a model that adds noise to what it decodes shows what it decodes, as previews do;
// numbers, a temperature and a class are those of the law itself.
bool shows_mean(const SampleArguments& a, const TrainedModel& run) {
  const auto channels = run.config.model_options.find("channels");
  const bool images = channels != run.config.model_options.end() && channels->second != "0";
  const auto ending = fs::path(a.out).extension().string();
  const bool pictures = images && (a.out.empty() || ending.empty() || ending == ".png");
  const auto* model = run.model.get();
  const bool noisy = seen_as<Bound>(*model) || seen_as<Likelihood>(*model);
  return a.mean || (pictures && noisy && !a.noise && a.condition.empty() && a.temperature == 1 &&
                    seen_as<Decoder>(*model) && seen_as<Prior>(*model));
}

SampleRequest request_of(const SampleArguments& a, const TrainedModel& run) {
  return {.count = a.count, .temperature = a.temperature, .given = given(a, run)};
}

Tensor draw(const SampleArguments& a, const TrainedModel& run, Rng& rng, const Console& console) {
  if (!shows_mean(a, run)) return run.as<Sampler>("sampler").sample(request_of(a, run), rng);
  if (!a.mean)
    console.note("each picture is the mean of x given a drawn code; --noise draws x itself");
  torch::NoGradGuard no_grad;
  auto& decoder = run.as<Decoder>("decoder");
  return decoder.decode_mean(run.as<Prior>("prior").sample_prior(a.count, rng));
}

constexpr std::int64_t kFilmFrames = 200;

int sample_film(const SampleArguments& a, const TrainedModel& run, Rng& rng,
                const Console& console) {
  const auto film = film_of_draw(*run.model, request_of(a, run), kFilmFrames, rng);
  make_folder_of(a.out);
  write_file_atomically(a.out, film.bytes);
  console.result(fmt::format("{}\n{} frames, {} bytes", a.out, film.frames, film.bytes.size()),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"count", a.count},
                  {"seed", a.run.seed},
                  {"frames", film.frames},
                  {"file", a.out}});
  return 0;
}

}  // namespace

int sample(const SampleArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "sample", parse_device(a.run.device));
  if (fs::path(a.out).extension() == ".webp") return sample_film(a, run, rng, console);
  const auto x = draw(a, run, rng, console);
  const auto path = write_sample_files(a, run, x).string();
  console.result(path, {{"run", a.run.run},
                        {"step", run.step},
                        {"count", a.count},
                        {"seed", a.run.seed},
                        {"file", path}});
  return 0;
}

}  // namespace kiln::program
