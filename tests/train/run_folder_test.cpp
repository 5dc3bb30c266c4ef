#include "kiln/train/run_folder.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Steps = std::set<std::string>;

// The checkpoints of a training of 25 rounds, one in turn every 10, after these were written.
Steps kept_of(const std::vector<std::int64_t>& written, std::int64_t keep = 2) {
  const TemporaryFolder temporary;
  RunConfig config;
  config.model = "nade", config.data = "digits";
  config.train.steps = 25, config.train.checkpoint_every = 10, config.train.keep = keep;
  const auto folder = RunFolder::create(temporary / "run", config, {});
  for (const auto step : written) folder.save_checkpoint(step, {});
  Steps kept;
  for (const auto& entry : std::filesystem::directory_iterator(temporary / "run/checkpoints"))
    kept.insert(entry.path().stem().string().substr(11));
  return kept;
}

TEST(RunFolder, KeepsTheNewestCheckpointsInTurn) {
  EXPECT_EQ(kept_of({0, 10}), (Steps{"00", "10"}));
  EXPECT_EQ(kept_of({0, 10, 20}), (Steps{"10", "20"}));
  EXPECT_EQ(kept_of({0, 10, 20, 25}), (Steps{"20", "25"}));
  EXPECT_EQ(kept_of({0, 10, 20, 25}, 1), (Steps{"25"}));
}

TEST(RunFolder, OnesOfInterruptionsStayUntilALaterOneInTurnIsThere) {
  EXPECT_EQ(kept_of({0, 3}), (Steps{"00", "03"}));
  EXPECT_EQ(kept_of({0, 3, 7}), (Steps{"00", "03", "07"}));
  EXPECT_EQ(kept_of({0, 10, 13, 17}), (Steps{"00", "10", "13", "17"}));
  EXPECT_EQ(kept_of({0, 3, 7, 10}), (Steps{"00", "10"}));
  EXPECT_EQ(kept_of({0, 10, 13, 20, 24, 25}), (Steps{"20", "25"}));
}

}  // namespace
}  // namespace kiln
