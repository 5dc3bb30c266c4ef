#pragma once

#include "kiln/core/batch.h"
#include "kiln/data/loader.h"
#include "kiln/models/model.h"

namespace kiln {

/// A loader's rows as tensors on `device`: x [rows, shape of the source], y [rows] when there are
/// labels.
Batch to_batch(HostBatch&& host, const DataInfo& info, torch::Device device = torch::kCPU);

/// `count` items with their classes, as evenly from every class as they divide (the first classes
/// give one more), drawn without replacement; shuffled.  Stochastic binarisation becomes a
/// threshold, so that the items stay what they are.  Throws ConfigError for data without labels,
/// fewer items than classes, or a class that has too few.
Batch labelled_batch(const DatasetPtr& data, const Transform& transform, std::int64_t count,
                     std::uint64_t seed);

/// Moments of x over at most `most_items` items drawn without replacement, in the model's values;
/// the source's shape, float32.  One pass; sums in float64 about the running mean, so that a large
/// mean costs no digits of a small deviation.
DataMoments data_moments(const DatasetPtr& data, const Transform& transform,
                         std::int64_t most_items, std::uint64_t seed);

}  // namespace kiln
