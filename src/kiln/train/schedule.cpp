#include "kiln/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kiln {

double schedule_factor(const ScheduleOptions& o, std::int64_t step) {
  if (step < o.warmup_steps)
    return static_cast<double>(step + 1) / static_cast<double>(o.warmup_steps);
  const auto held = static_cast<std::int64_t>(o.hold * static_cast<double>(o.total_steps));
  const bool falls_slowly = o.kind == Schedule::linear || o.kind == Schedule::cosine;
  const auto from = std::max(o.warmup_steps, falls_slowly ? held : 0);
  const auto after = step - from;
  const auto span = std::max<std::int64_t>(1, o.total_steps - from);
  const double t = std::clamp(static_cast<double>(after) / static_cast<double>(span), 0.0, 1.0);
  switch (o.kind) {
    case Schedule::constant:
      return 1;
    case Schedule::linear:
      return 1 - t;
    case Schedule::cosine:
      return (1 + std::cos(std::numbers::pi * t)) / 2;
    case Schedule::step:
      return std::pow(o.step_factor,
                      static_cast<double>(after / std::max<std::int64_t>(1, o.step_every)));
  }
  return 1;
}

}  // namespace kiln
