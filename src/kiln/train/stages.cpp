#include "kiln/train/stages.h"

namespace kiln {

StageOfRound stage_of(const std::vector<Stage>& stages, std::int64_t round) {
  if (stages.empty()) return {};
  std::int64_t first = 0;
  std::size_t at = 0;
  while (at + 1 < stages.size() && round >= first + stages[at].rounds) first += stages[at++].rounds;
  return {stages[at], round == first};
}

std::int64_t last_stage_begins(const std::vector<Stage>& stages) {
  std::int64_t rounds = 0;
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) rounds += stages[i].rounds;
  return rounds;
}

std::int64_t batches_of_rounds(const std::vector<Stage>& stages, std::int64_t first,
                               std::int64_t last) {
  if (stages.empty()) return last - first;
  std::int64_t batches = 0;
  for (auto round = first; round < last; ++round) batches += stage_of(stages, round).stage.batches;
  return batches;
}

}  // namespace kiln
