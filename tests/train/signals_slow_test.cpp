// Signals that a library's user handles (a profiler, a timer, Qt, Python) change nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kiln/runs/session.h"
#include "tests/cli/run_program.h"
#include "tests/support/signal_timer.h"

namespace kiln {
namespace {

// What a run of the sizes that people use has learned.
std::string trained(const std::string& model, std::int64_t steps, const OptionMap& options,
                    const std::filesystem::path& out) {
  TrainRequest request{
      .model = model,
      .model_options = options,
      .data = "digits:n=300,test=40",
      .valid = "",
      .skip_bad = false,
      .train_options = {{"steps", std::to_string(steps)}, {"batch", "50"}, {"threads", "1"}},
      .out = out,
      .device = torch::kCPU};
  auto session = Session::start(request, {});
  session.run();
  return contents(out / fmt::format("checkpoints/step-{:08}.safetensors", steps));
}

TEST(Signals, DoNotDisturbModelsThatMultiplyMatrices) {
  const struct {
    const char* model;
    std::int64_t steps;
    OptionMap options;
  } cases[] = {{"vae", 40, {}},
               {"ladder_vae", 40, {}},
               {"autoencoder", 40, {}},
               {"aae", 40, {}},
               {"wae", 40, {}},
               {"made", 40, {}},
               {"orderless_nade", 20, {{"hidden", "64"}}},
               {"gan", 40, {}},
               {"infogan", 8, {}}};
  for (const auto& [model, steps, options] : cases) {
    const TemporaryFolder folder;
    const auto undisturbed = trained(model, steps, options, folder / "undisturbed");
    const SignalTimer timer;
    EXPECT_TRUE(trained(model, steps, options, folder / "disturbed") == undisturbed) << model;
    EXPECT_GT(timer.signals(), 20) << model;
  }
}

}  // namespace
}  // namespace kiln
