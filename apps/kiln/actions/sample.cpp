#include "kiln/use/sample.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <filesystem>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/sample_files.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"
#include "kiln/use/draw_film.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

// Pictures show what a model decodes, as previews do; numbers are those of the law itself.
SampleAsk ask_of(const SampleArguments& a) {
  const auto ending = fs::path(a.out).extension().string();
  const bool picture = ending.empty() || ending == ".png";
  return {.count = a.count,
          .temperature = a.temperature,
          .given = a.given,
          .drawn = a.mean                ? Drawn::means
                   : picture && !a.noise ? Drawn::as_previews
                                         : Drawn::items};
}

constexpr std::int64_t kFilmFrames = 200;

int sample_film(const SampleArguments& a, const TrainedModel& run, Rng& rng,
                const Console& console) {
  const auto film = film_of_draw(*run.model, request_of(run, ask_of(a)), kFilmFrames, rng);
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
  const auto drawn = sample(run, ask_of(a), rng);
  if (drawn.means && !a.mean)
    console.note("each picture is the mean of x given a drawn code; --noise draws x itself");
  const auto path = write_sample_files(a, run, drawn.x).string();
  console.result(path, {{"run", a.run.run},
                        {"step", run.step},
                        {"count", a.count},
                        {"seed", a.run.seed},
                        {"file", path}});
  return 0;
}

}  // namespace kiln::program
