// Signals that a library's user handles (a profiler, a timer, Qt, Python) change nothing.
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kiln/registry/session.h"
#include "tests/cli/run_program.h"
#include "tests/support/signal_timer.h"

namespace kiln {
namespace {

// What a run of the sizes that people use has learned.
std::string trained(const std::string& model, const std::filesystem::path& out) {
  TrainRequest request{.model = model,
                       .model_options = {},
                       .data = "digits:n=300,test=40",
                       .valid = "",
                       .skip_bad = false,
                       .train = {},
                       .out = out,
                       .device = torch::kCPU};
  request.train.steps = 40;
  request.train.batch = 50;
  request.train.threads = 1;
  auto session = Session::start(request, {});
  session.run();
  return contents(out / "checkpoints/step-00000040.safetensors");
}

TEST(Signals, DoNotDisturbModelsThatMultiplyMatrices) {
  for (const auto* model : {"vae", "ladder_vae", "autoencoder", "aae", "wae", "made",
                            "orderless_nade", "gan", "infogan"}) {
    const TemporaryFolder folder;
    const auto undisturbed = trained(model, folder / "undisturbed");
    const SignalTimer timer;
    EXPECT_TRUE(trained(model, folder / "disturbed") == undisturbed) << model;
    EXPECT_GT(timer.signals(), 20) << model;
  }
}

}  // namespace
}  // namespace kiln
