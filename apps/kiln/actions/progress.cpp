#include "apps/kiln/actions/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "apps/kiln/streams.h"

namespace kiln::program {
namespace {

std::string duration(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace

Progress::Progress(bool enabled) : enabled_(enabled), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::update(std::int64_t step, std::int64_t steps, double loss) {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (first_step_ < 0) first_step_ = step - 1, start_ = now;
  const double interval = terminal_ ? 0.2 : 10;
  if (std::chrono::duration<double>(now - last_).count() < interval && step != steps) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto done = static_cast<double>(step - first_step_ - 1);
  const double rate = seconds > 0 && done > 0 ? done / seconds : 0;
  const auto left =
      rate > 0 ? duration(static_cast<double>(steps - step) / rate) : std::string("?");
  const auto shown_loss = std::isnan(loss) ? std::string() : fmt::format("  loss {:.4g}", loss);
  auto line =
      fmt::format("step {}/{}  {:.1f} steps/s{}  left {}", step, steps, rate, shown_loss, left);
  if (terminal_) {
    const auto filled = static_cast<std::size_t>(24 * step / std::max<std::int64_t>(1, steps));
    line = fmt::format("\r[{}{}] {}\x1b[K", std::string(filled, '='), std::string(24 - filled, ' '),
                       line);
    shown_ = true;
  } else {
    line += "\n";
  }
  say(stderr, line);
}

void Progress::clear() {
  if (shown_) say(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace kiln::program
