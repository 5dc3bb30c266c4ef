#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace kiln {

enum class Schedule { constant, linear, cosine, step };

inline std::vector<std::pair<Schedule, std::string_view>> enum_names(Schedule) {
  return {{Schedule::constant, "constant"},
          {Schedule::linear, "linear"},
          {Schedule::cosine, "cosine"},
          {Schedule::step, "step"}};
}

struct ScheduleOptions {
  Schedule kind = Schedule::constant;
  std::int64_t total_steps = 1;    ///< linear and cosine reach 0 here.
  double hold = 0;                 ///< Share of total_steps before linear and cosine begin to fall.
  std::int64_t warmup_steps = 0;   ///< The factor climbs linearly from 1/warmup to 1.
  std::int64_t step_every = 1000;  ///< step: steps between two drops.
  double step_factor = 0.5;        ///< step: what a drop multiplies by.
};

/// What multiplies the learning rate at `step`, the first being 0.
///   linear 1 - t;  cosine (1 + cos(pi t)) / 2, with t in [0, 1] from the later of
///   the warm-up's end and floor(hold total_steps), to total_steps.
double schedule_factor(const ScheduleOptions& options, std::int64_t step);

}  // namespace kiln
