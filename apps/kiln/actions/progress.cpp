#include "apps/kiln/actions/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
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

std::size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// A bar where there is room for one; never more than a line, which could not be drawn over.
std::string fitted(const std::string& text, double share, std::size_t columns) {
  constexpr std::size_t kBar = 24;
  const auto room = columns - std::min<std::size_t>(columns, 1);
  if (text.size() + kBar + 3 > room) return text.substr(0, room);
  const auto filled =
      static_cast<std::size_t>(static_cast<double>(kBar) * std::clamp(share, 0.0, 1.0));
  return fmt::format("[{}{}] {}", std::string(filled, '='), std::string(kBar - filled, ' '), text);
}

}  // namespace

Progress::Progress(bool enabled) : enabled_(enabled), terminal_(isatty(STDERR_FILENO) == 1) {}

bool Progress::is_due(bool last) {
  if (!enabled_) return false;
  const auto now = Clock::now();
  const double interval = terminal_ ? 0.2 : 10;
  if (std::chrono::duration<double>(now - last_).count() < interval && !last) return false;
  last_ = now;
  return true;
}

void Progress::draw(const std::string& text, double share) {
  if (!terminal_) return say(stderr, text + "\n");
  say(stderr, fmt::format("\r{}\x1b[K", fitted(text, share, columns())));
  shown_ = true;
}

void Progress::update(std::int64_t step, std::int64_t steps, double loss) {
  if (first_step_ < 0) first_step_ = step - 1, start_ = Clock::now();
  if (!is_due(step == steps)) return;
  const double seconds = std::chrono::duration<double>(last_ - start_).count();
  const auto done = static_cast<double>(step - first_step_ - 1);
  const double rate = seconds > 0 && done > 0 ? done / seconds : 0;
  const auto left =
      rate > 0 ? duration(static_cast<double>(steps - step) / rate) : std::string("?");
  const auto shown_loss = std::isnan(loss) ? std::string() : fmt::format("  loss {:.4g}", loss);
  draw(fmt::format("step {}/{}  {:.1f} steps/s{}  left {}", step, steps, rate, shown_loss, left),
       static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, steps)));
}

void Progress::show(const std::string& text, std::uint64_t done, std::uint64_t total) {
  if (is_due(false))
    draw(text, total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0);
}

void Progress::begin(const std::string& text, std::uint64_t done, std::uint64_t total) {
  if (is_due(terminal_)) draw(text, static_cast<double>(done) / static_cast<double>(total));
}

void Progress::clear() {
  if (shown_) say(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace kiln::program
