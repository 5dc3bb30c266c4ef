#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kiln/io/image.h"
#include "kiln/io/plot_axis.h"
#include "kiln/runs/hooks.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// The pictures that one run's training left behind, by step: samples/step-00000200.png of images,
/// or step-00000200.npy of points of the plane, which are drawn over the run's training data.
class Reel {
 public:
  /// Throws ConfigError for a run without such files, IoError for no run.
  Reel(const std::string& run, const Hooks& hooks);

  const std::string& run() const { return run_; }
  std::vector<std::int64_t> steps() const;  ///< Ascending.
  bool of_points() const { return of_points_; }
  Range x_range() const;  ///< Of the data, for points.
  Range y_range() const;

  /// What was drawn at one of steps(), RGB; points in a box that shows x and y.
  Image picture(std::int64_t step, const Range& x, const Range& y) const;

 private:
  void read_data(const Hooks& hooks);

  std::string run_;
  std::map<std::int64_t, std::filesystem::path> files_;
  bool of_points_ = false;
  std::vector<double> data_x_, data_y_;
};

/// The steps that all runs have pictures of.  Throws ConfigError, naming who lacks which, unless
/// there are two.
std::vector<std::int64_t> shared_steps(const std::vector<Reel>& reels);

}  // namespace kiln
