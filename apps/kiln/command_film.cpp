#include <fmt/format.h>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

std::optional<double> quality_of(const std::string& text) {
  if (text == "lossless") return std::nullopt;
  const auto quality = parse_real(text);
  if (!quality || !(*quality >= 0 && *quality <= 100))
    throw ConfigError("film.quality", fmt::format("needs lossless or 0 to 100, got '{}'", text));
  return quality;
}

void check_film(FilmArguments& a) {
  if (a.out.empty() && a.runs.size() > 1)
    throw ConfigError("film", "a film of several runs needs -o FILE.webp");
  check_ending("out", a.out, ".webp");
  a.names = split(a.names_text, ',');
  if (a.no_words && !a.names.empty())
    throw ConfigError("film.no_words",
                      "leaves out the names that --names gives; leave out one of both");
  a.quality = quality_of(a.quality_text);
}

}  // namespace

void add_film(const Program& program) {
  auto a = std::make_shared<FilmArguments>();
  auto* command = program.add("film", "the pictures that training wrote, as an animated WebP",
                              "kiln film runs/gan runs/unrolled --fps 8 -o film.webp");
  command->add_option("RUN", a->runs, "run folders, laid side by side from left to right")
      ->required();
  command->add_option("-o,--out", a->out, "FILE.webp [RUN/samples/film.webp for a single run]");
  command->add_option("--fps", a->frames_per_second, "frames in a second [5]")
      ->check(number_between(0.1, 100.0));
  command->add_option("--hold", a->hold, "seconds that the last frame stays [2]")
      ->check(number_between(0.001, 3600.0));
  command->add_option("--quality", a->quality_text,
                      "0 to 100, smaller files that are less exact, or lossless [lossless]");
  command->add_option("--names", a->names_text,
                      "A,B: what stands over the runs' pictures [their folders' names]");
  command->add_flag("--no-words", a->no_words, "the pictures alone: no names, no step");
  program.on_run(command, &Actions::film, a, check_film);
}

}  // namespace kiln::program
