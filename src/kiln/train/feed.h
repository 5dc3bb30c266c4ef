#pragma once

#include "kiln/core/batch.h"
#include "kiln/data/loader.h"

namespace kiln {

/// A loader's rows as tensors on `device`: x [rows, shape of the source], y [rows] when there are
/// labels.
Batch to_batch(HostBatch&& host, const DataInfo& info, torch::Device device = torch::kCPU);

/// Mean of x over at most `most_items` items drawn without replacement, in the model's values; the
/// source's shape.
Tensor data_mean(const DatasetPtr& data, const Transform& transform, std::int64_t most_items,
                 std::uint64_t seed);

}  // namespace kiln
