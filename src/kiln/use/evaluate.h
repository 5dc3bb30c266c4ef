#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/runs/hooks.h"
#include "kiln/use/judged_data.h"
#include "kiln/use/requests.h"

namespace kiln {

/// What a run is to be judged by.
struct EvaluationAsk {
  std::vector<std::string> metrics = {};  ///< Rows of metrics(); empty: the usual ones.
  std::string data = {};                  ///< SPEC; empty: the run's own.
  std::string split = {};                 ///< Of that, or empty.
  std::string direction = {};             ///< Of a run that translates; empty: its first.
  NetworkChoice network = {};             ///< What judges images.
  AnnealingChoice annealing = {};
  std::optional<std::int64_t> samples = std::nullopt;  ///< That are judged.
  std::optional<std::int64_t> draws = std::nullopt;    ///< Of iwae.
  std::int64_t batch = 100;
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

/// One figure and how it was measured.
struct EvaluationFigure {
  std::string name;
  double value = 0;
  std::optional<double> error = std::nullopt;  ///< Standard error, where one is known.
  std::string protocol;                        ///< "nats (1000 items)".
};

struct EvaluationAnswer {
  std::string data;  ///< "SPEC (test)".
  std::int64_t items = 0;
  std::int64_t draws = 0;                                   ///< Of iwae.
  std::string direction;                                    ///< Empty where nothing is translated.
  std::optional<std::int64_t> samples = std::nullopt;       ///< Behind the figures of samples.
  std::optional<std::int64_t> mode_samples = std::nullopt;  ///< Behind those of modes, if others.
  std::vector<EvaluationFigure> figures = {};
};

/// Throws ConfigError for a metric that the run or the data do not have.
EvaluationAnswer evaluate(const TrainedModel& run, const EvaluationAsk& ask, const Hooks& hooks);

}  // namespace kiln
