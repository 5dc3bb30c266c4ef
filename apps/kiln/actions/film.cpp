#include <fmt/format.h>

#include <algorithm>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/webp_film.h"
#include "kiln/use/reel.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

fs::path film_path(const FilmArguments& a) {
  if (!a.out.empty()) return a.out;
  const auto path = fs::path(a.runs.front()) / "samples/film.webp";
  drop_link(path);
  return path;
}

// Where points are drawn: one square window for all runs, that of their data.
struct Window {
  Range x, y;
};

Range hull(const Range& a, const Range& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Window window_of(const std::vector<Reel>& reels) {
  std::optional<Window> window;
  for (const auto& reel : reels) {
    if (!reel.of_points()) continue;
    if (!window) window = {reel.x_range(), reel.y_range()};
    window = {hull(window->x, reel.x_range()), hull(window->y, reel.y_range())};
  }
  if (!window) return {};
  equalise(window->x, window->y);
  return *window;
}

// The runs' pictures of one step from left to right.
Image frame_of(const std::vector<Reel>& reels, std::int64_t step, const Window& window) {
  std::vector<Image> pictures;
  for (const auto& reel : reels) {
    pictures.push_back(reel.picture(step, window.x, window.y));
    const auto &first = pictures.front(), &last = pictures.back();
    if (first.width != last.width || first.height != last.height)
      throw ConfigError(
          "film", fmt::format("at step {} the pictures of {} have {} x {} pixels and "
                              "those of {} {} x {}; only equal sizes fit side by side",
                              step, reels.front().run(), first.width, first.height, reel.run(),
                              last.width, last.height));
  }
  if (pictures.size() == 1) return pictures.front();
  return make_grid(pictures, {.columns = std::ssize(pictures), .padding = 4, .zoom = 1});
}

void note_left_out(const std::vector<Reel>& reels, std::size_t shared, const Console& console) {
  for (const auto& reel : reels)
    if (const auto more = reel.steps().size() - shared; more > 0)
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
  const auto steps = shared_steps(reels);
  note_left_out(reels, steps.size(), console);
  const auto window = window_of(reels);
  Image frame;
  for (const auto step : steps) {
    frame = frame_of(reels, step, window);
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
