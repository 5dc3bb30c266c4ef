#pragma once

#include <vector>

#include "kiln/models/model.h"

namespace kiln {

struct StageOfRound {
  Stage stage = {};
  bool begins = false;  ///< Whether the round is the stage's first.
};

/// Where a round, counted from 0, stands among a game's stages.
StageOfRound stage_of(const std::vector<Stage>& stages, std::int64_t round);

/// The round at which the last stage begins.
std::int64_t last_stage_begins(const std::vector<Stage>& stages);

/// How many batches of the source the rounds first .. last - 1 see in a turn, all together.
std::int64_t batches_of_rounds(const std::vector<Stage>& stages, std::int64_t first,
                               std::int64_t last);

}  // namespace kiln
