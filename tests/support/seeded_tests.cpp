#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace kiln {
namespace {

// LibTorch seeds its own generator with entropy; modules that a test makes without an Rng of ours
// would start from other weights in every run.
class SeedEveryTest : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { torch::manual_seed(20141208); }
};

[[maybe_unused]] const bool registered = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new SeedEveryTest);
  return true;
}();

}  // namespace
}  // namespace kiln
