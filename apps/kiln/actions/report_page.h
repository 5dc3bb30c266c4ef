#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/kiln/actions/run_access.h"

namespace kiln::program {

/// RUN/report.html; a link in its place is removed.
std::filesystem::path own_report(const std::filesystem::path& run);

/// Writes one page about one or several runs: what they are, how they learned, what they draw, and
/// a table that compares them.  The page holds its pictures and plots and needs no other file.
void write_report(const std::filesystem::path& out, const std::vector<std::string>& runs,
                  const ReportOptions& options, const Console& console);

}  // namespace kiln::program
