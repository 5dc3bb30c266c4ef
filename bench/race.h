#pragma once

#include <fmt/core.h>
#include <torch/types.h>

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "kiln/core/text.h"
#include "kiln/core/threads.h"

namespace kiln {

/// One way of doing the work that a benchmark compares.
struct Contestant {
  std::string name;
  std::function<void()> work;
  int repeats = 1;                                        ///< Of one measurement.
  double flops = 0;                                       ///< Of one call, where they count.
  double best = std::numeric_limits<double>::infinity();  ///< Milliseconds of one call.
};

inline clockid_t& race_clock() {
  static clockid_t clock = CLOCK_MONOTONIC;
  return clock;
}

/// CPU time of all threads instead of wall time: meaningful for one thread, on a machine with other
/// work.
inline void measure_cpu_time(bool yes) {
  race_clock() = yes ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
}

/// For a benchmark called as NAME_bench [THREADS], 2 where nothing is said: with one thread its
/// figures are CPU time.
inline void start_race(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // lines appear as they are measured
  const auto threads = argc > 1 ? parse_integer(argv[1]).value_or(2) : 2;
  start_up(static_cast<int>(threads));
  measure_cpu_time(threads == 1);
  fmt::print("{} thread(s), {}\n", threads, threads == 1 ? "CPU time" : "wall time");
}

inline double milliseconds_now() {
  timespec time;
  clock_gettime(race_clock(), &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

/// Best of `rounds`, the contestants taking turns, so that a busy machine disturbs them alike.
inline void race(std::vector<Contestant>& contestants, int rounds = 5) {
  for (auto& c : contestants) c.work();
  for (int round = 0; round < rounds; ++round) {
    for (auto& c : contestants) {
      const double start = milliseconds_now();
      for (int i = 0; i < c.repeats; ++i) c.work();
      c.best = std::min(c.best, (milliseconds_now() - start) / c.repeats);
    }
  }
}

/// A large matrix product: what the machine can do at most.
inline Contestant matrix_product() {
  const auto a = torch::rand({1024, 1024}), b = torch::rand({1024, 1024});
  return {.name = "the machine's matrix product, 1024^3",
          .work = [a, b] { torch::mm(a, b); },
          .repeats = 5,
          .flops = 2.0 * (1 << 30)};
}

/// Its floating-point operations per second.
inline double measure_peak() {
  std::vector<Contestant> list{matrix_product()};
  race(list, 7);
  return list[0].flops / list[0].best * 1e3;
}

}  // namespace kiln
