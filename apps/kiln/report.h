#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/kiln/program.h"

namespace kiln::program {

struct ReportOptions {
  bool measure = true;        ///< Also what needs the model: figures, completions, scores ...
  std::int64_t items = 1000;  ///< Judge by at most this many items; 0: all.
  std::int64_t draws = 50;    ///< Of the importance weighted bound.
  std::string device = "cpu";
  std::int64_t seed = 1;
};

/// Writes one page about one or several runs: what they are, how they learned, what they draw, and
/// a table that compares them.  The page holds its pictures and plots and needs no other file.
void write_report(const std::filesystem::path& out, const std::vector<std::string>& runs,
                  const ReportOptions& options, const Console& console);

}  // namespace kiln::program
