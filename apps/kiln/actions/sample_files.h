#pragma once

#include <filesystem>

#include "apps/kiln/arguments.h"
#include "kiln/core/tensor.h"
#include "kiln/runs/load_run.h"

namespace kiln::program {

/// Writes samples x [B, ...] as --out and --beside-data ask, into RUN/samples where there is no
/// --out: pictures, points, a table, the numbers themselves, or a file for each.  Returns the path.
/// Throws ConfigError for an ending that the samples do not have, or IoError.
std::filesystem::path write_sample_files(const SampleArguments& a, const TrainedModel& run,
                                         const Tensor& x);

}  // namespace kiln::program
