#include "kiln/use/film_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "kiln/core/text.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/pixel_text.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPadding = 4;          // between pictures, pixels
constexpr std::int64_t kMargin = 3;           // of a line: dots above and below, pixels beside
constexpr std::int64_t kColumnsOfADot = 200;  // of a picture whose words are one zoom larger
constexpr std::uint8_t kWhite = 255;

Range hull(const Range& a, const Range& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

// A line of words in dots of zoom x zoom pixels.
struct Line {
  std::string text = {};
  std::int64_t zoom = 1;
  std::int64_t height() const { return text_height(zoom) + 2 * kMargin * zoom; }
};

// The largest dots, up to `zoom`, in which the text fits `width` columns.
std::int64_t fitting(const std::string& text, std::int64_t width, std::int64_t zoom) {
  while (zoom > 1 && text_width(text, zoom) > width) --zoom;
  return zoom;
}

Line line_within(const std::string& text, std::int64_t width, std::int64_t zoom) {
  const auto fits = fitting(text, width, zoom);
  return {text_within(text, width, fits), fits};
}

std::int64_t height_of(const std::vector<Line>& lines) {
  std::int64_t height = 0;
  for (const auto& line : lines) height += line.height();
  return height;
}

void write_lines(Image& frame, std::int64_t y, const std::vector<Line>& lines) {
  for (const auto& line : lines) {
    write_text(frame, kMargin, y + kMargin * line.zoom, line.text, line.zoom);
    y += line.height();
  }
}

std::string counter(std::int64_t step) { return fmt::format("step {}", step); }

std::string axes(const Range& x, const Range& y) {
  return fmt::format("x {:.3g} to {:.3g}, y {:.3g} to {:.3g}; data grey, samples blue", x.low,
                     x.high, y.low, y.high);
}

// The folders' own names, or what was given where two are called alike.
std::vector<std::string> folders_of(const std::vector<Reel>& reels) {
  if (reels.size() == 1) return {};
  std::vector<std::string> names, given;
  for (const auto& reel : reels) {
    given.push_back(reel.run());
    const auto path = fs::absolute(reel.run()).lexically_normal();
    names.push_back((path.has_filename() ? path : path.parent_path()).filename().string());
  }
  return std::set<std::string>(names.begin(), names.end()).size() == names.size() ? names : given;
}

Image white(std::int64_t width, std::int64_t height) {
  return {
      .width = width,
      .height = height,
      .channels = 3,
      .pixels = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * width * height), kWhite)};
}

// Each name over the middle of its picture; the first begins at `left`.
void write_names(Image& frame, const std::vector<std::string>& names, std::int64_t zoom,
                 std::int64_t left, std::int64_t panel) {
  for (const auto& given : names) {
    const auto name = text_within(given, panel, zoom);
    write_text(frame, left + (panel - text_width(name, zoom)) / 2, kMargin * zoom, name, zoom);
    left += panel + kPadding;
  }
}

}  // namespace

FilmFrames::FilmFrames(std::vector<Reel> reels, FilmWords words)
    : reels_(std::move(reels)), words_(std::move(words)), steps_(shared_steps(reels_)) {
  if (!words_.names.empty() && words_.names.size() != reels_.size())
    throw ConfigError("film.names",
                      fmt::format("needs a name for each of the {} runs, got {} in '{}'",
                                  reels_.size(), words_.names.size(), join(words_.names, ",")));
  if (words_.names.empty()) words_.names = folders_of(reels_);
  for (const auto& reel : reels_) {
    if (!reel.of_points()) continue;
    x_ = of_points_ ? hull(x_, reel.x_range()) : reel.x_range();
    y_ = of_points_ ? hull(y_, reel.y_range()) : reel.y_range();
    of_points_ = true;
  }
  if (of_points_) equalise(x_, y_);
}

std::vector<Image> FilmFrames::pictures(std::int64_t step) const {
  std::vector<Image> pictures;
  for (const auto& reel : reels_) {
    pictures.push_back(reel.picture(step, x_, y_));
    const auto &first = pictures.front(), &last = pictures.back();
    if (first.width != last.width || first.height != last.height)
      throw ConfigError(
          "film", fmt::format("at step {} the pictures of {} have {} x {} pixels and "
                              "those of {} {} x {}; only equal sizes fit side by side",
                              step, reels_.front().run(), first.width, first.height, reel.run(),
                              last.width, last.height));
  }
  return pictures;
}

Image FilmFrames::with_words(const Image& beside, std::int64_t panel, std::int64_t step) const {
  const auto zoom = std::max<std::int64_t>(1, panel / kColumnsOfADot);
  const auto longest = counter(steps_.back());
  const auto width = std::max(beside.width, text_width(longest) + 2 * kMargin);
  const auto room = width - 2 * kMargin;
  std::vector<Line> below{{counter(step), fitting(longest, room, zoom)}};
  if (of_points_) below.push_back(line_within(axes(x_, y_), room, zoom));
  auto names_zoom = zoom;
  for (const auto& name : words_.names) names_zoom = fitting(name, panel, names_zoom);
  const auto top = words_.names.empty() ? 0 : Line{.zoom = names_zoom}.height();
  auto frame = white(width, top + beside.height + height_of(below));
  const auto left = (width - beside.width) / 2;
  paste(frame, beside, left, top);
  write_names(frame, words_.names, names_zoom, left + (reels_.size() > 1 ? kPadding : 0), panel);
  write_lines(frame, top + beside.height, below);
  return frame;
}

Image FilmFrames::frame(std::int64_t step) const {
  const auto shown = pictures(step);
  const auto panel = shown.front().width;
  auto beside =
      shown.size() == 1
          ? shown.front()
          : make_grid(shown, {.columns = std::ssize(shown), .padding = kPadding, .zoom = 1});
  return words_.shown ? with_words(beside, panel, step) : beside;
}

}  // namespace kiln
