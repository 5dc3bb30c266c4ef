#include <fmt/format.h>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/webp_film.h"
#include "kiln/use/film_frames.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

fs::path film_path(const FilmArguments& a) {
  if (!a.out.empty()) return a.out;
  const auto path = fs::path(a.runs.front()) / "samples/film.webp";
  drop_link(path);
  return path;
}

void note_left_out(const FilmFrames& frames, const Console& console) {
  for (const auto& reel : frames.reels())
    if (const auto more = reel.steps().size() - frames.steps().size(); more > 0)
      console.note(fmt::format("left out {} step{} of {} that not all runs have", more,
                               more == 1 ? "" : "s", reel.run()));
}

}  // namespace

int make_film(const FilmArguments& a, const Console& console) {
  start_up();
  const auto path = film_path(a);
  WebpFilm film({.frames_per_second = a.frames_per_second, .hold = a.hold, .quality = a.quality});
  std::vector<Reel> reels;
  Progress progress(!console.quiet);
  const auto hooks = hooks_of(console, progress);
  for (const auto& run : a.runs) reels.emplace_back(run, hooks);
  const FilmFrames frames(std::move(reels), {.shown = !a.no_words, .names = a.names});
  note_left_out(frames, console);
  const auto& steps = frames.steps();
  Image frame;
  for (const auto step : steps) {
    frame = frames.frame(step);
    film.add(frame);
  }
  const auto bytes = film.finish();
  make_folder_of(path);
  write_file_atomically(path, bytes);
  console.result(fmt::format("{}\n{} frames, {} x {} pixels, steps {} to {}, {} bytes",
                             path.string(), steps.size(), frame.width, frame.height, steps.front(),
                             steps.back(), bytes.size()),
                 {{"file", path.string()},
                  {"runs", a.runs},
                  {"steps", steps},
                  {"frames", steps.size()},
                  {"width", frame.width},
                  {"height", frame.height},
                  {"frames_per_second", a.frames_per_second},
                  {"hold", a.hold},
                  {"quality", a.quality_text},
                  {"bytes", bytes.size()}});
  return 0;
}

}  // namespace kiln::program
