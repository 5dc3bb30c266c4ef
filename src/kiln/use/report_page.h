#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/runs/hooks.h"

namespace kiln::report {

/// What a report says beside what training left behind.
struct ReportOptions {
  bool measure = true;        ///< Also what needs the model: figures, completions, scores ...
  std::int64_t items = 1000;  ///< Judge by at most this many items; 0: all.
  std::int64_t draws = 50;    ///< Of the importance weighted bound.
  torch::Device device = torch::kCPU;
  std::uint64_t seed = 1;  ///< Of every draw.
};

/// RUN/report.html; a link in its place is removed.
std::filesystem::path own_report(const std::filesystem::path& run);

/// Writes one page about one or several runs: what they are, how they learned, what they draw, and
/// a table that compares them.  The page holds its pictures and plots and needs no other file.
void write_report(const std::filesystem::path& out, const std::vector<std::string>& runs,
                  const ReportOptions& options, const Hooks& hooks);

}  // namespace kiln::report
