#pragma once

#include <string>
#include <vector>

#include "kiln/metrics/nearest_training.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// Which training items do samples come nearest to?
struct NeighboursAsk {
  std::string data = {};        ///< SPEC; empty: the run's own.
  std::int64_t samples = 1000;  ///< Drawn and compared.
  std::int64_t count = 10;      ///< Rows: the samples that come nearest.
  std::int64_t nearest = 7;     ///< Training items of a row.
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

/// One sample and what lies nearest to it.
struct NearestRow {
  std::int64_t sample;
  std::vector<std::int64_t> items;
  std::vector<double> distances;
};

struct NeighboursAnswer {
  std::string train, held_out;  ///< Names of the data.
  std::int64_t train_items = 0, held_out_items = 0;
  TrainingNearness nearness = {};
  std::vector<NearestRow> rows = {};  ///< Nearest first.
  Tensor picture = {};                ///< Each row's sample and items; undefined for a table.
};

/// Throws ConfigError for a run that does not sample.
NeighboursAnswer neighbours(const TrainedModel& run, const NeighboursAsk& ask);

}  // namespace kiln
