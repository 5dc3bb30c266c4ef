#pragma once

#include <cstdint>

#include "kiln/models/given.h"
#include "kiln/runs/load_run.h"
#include "kiln/use/given_text.h"

namespace kiln {

/// What of a model with a decoder is drawn.
enum class Drawn {
  items,       ///< x itself, as the model's law has it.
  means,       ///< The mean of x given a drawn code.
  as_previews  ///< Means of pictures to which a model adds noise, where no temperature and no
               ///< condition is asked for; else items.
};

struct SampleAsk {
  std::int64_t count = 64;
  double temperature = 1;
  GivenText given = {};
  Drawn drawn = Drawn::items;  ///< `means` goes with no temperature and no condition.
};

struct Samples {
  Tensor x;            ///< [count, D] or [count, C, H, W], in the model's values.
  bool means = false;  ///< Whether they are means of x given a drawn code.
};

/// Throws ConfigError for what the run's model cannot draw, naming what it could.
Samples sample(const TrainedModel& run, const SampleAsk& ask, Rng& rng);

/// The same question as a model is asked it: classes by number, codes as numbers.
SampleRequest request_of(const TrainedModel& run, const SampleAsk& ask);

}  // namespace kiln
