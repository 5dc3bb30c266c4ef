#pragma once

#include <string>

#include "kiln/metrics/estimate.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// ssim or psnr (decibels) of images beside what an encoder and a decoder make of them: the mean
/// over the items.  Throws ConfigError for a model that does not reconstruct, and for
/// items that are no images.
Estimate reconstruction_quality(const TrainedModel& run, const JudgedData& judged,
                                const std::string& metric, std::int64_t batch, std::uint64_t seed,
                                torch::Device device);

}  // namespace kiln
