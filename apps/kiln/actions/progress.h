#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kiln::program {

/// Step, rate, loss and time left on standard error: one line rewritten in place on a terminal, a
/// plain line every ten seconds elsewhere.
class Progress {
 public:
  explicit Progress(bool enabled);
  ~Progress() { clear(); }

  void update(std::int64_t step, std::int64_t steps, double loss);
  /// Any other text, of something `done` of `total` (0: nobody knows of how much).
  void show(const std::string& text, std::uint64_t done, std::uint64_t total);
  /// The same of something that begins now and may take its time: a terminal shows it at once.
  void begin(const std::string& text, std::uint64_t done, std::uint64_t total);
  void clear();  ///< Takes the bar away before another line is printed.

 private:
  bool is_due(bool last);
  void draw(const std::string& text, double share);

  using Clock = std::chrono::steady_clock;
  bool enabled_, terminal_, shown_ = false;
  std::int64_t first_step_ = -1;
  Clock::time_point start_ = Clock::now(), last_ = Clock::now();
};

}  // namespace kiln::program
