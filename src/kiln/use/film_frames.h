#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/use/reel.h"

namespace kiln {

struct FilmWords {
  bool shown = true;                    ///< The step, for points also what the axes show.
  std::vector<std::string> names = {};  ///< Over the runs' pictures; empty: those of the folders of
                                        ///< several runs, none over a single one.
};

/// The frames of a film of trainings: the runs' pictures of one step side by side.
class FilmFrames {
 public:
  /// Throws ConfigError unless the runs share two steps at least, and for other than one name a
  /// run.
  FilmFrames(std::vector<Reel> reels, FilmWords words);

  const std::vector<Reel>& reels() const { return reels_; }
  const std::vector<std::int64_t>& steps() const { return steps_; }  ///< Ascending.

  /// RGB.  Throws ConfigError where pictures of one step differ in size.
  Image frame(std::int64_t step) const;

 private:
  std::vector<Image> pictures(std::int64_t step) const;
  Image with_words(const Image& beside, std::int64_t panel, std::int64_t step) const;

  std::vector<Reel> reels_;
  FilmWords words_;
  std::vector<std::int64_t> steps_;
  bool of_points_ = false;
  Range x_, y_;  // of the square window in which all runs' points are drawn
};

}  // namespace kiln
