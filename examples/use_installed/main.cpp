// Loads a model that was trained on binary 3 x 3 pictures and prints the sum of its probabilities
// over all 512 of them, which is 1.
#include <kiln/core/error.h>
#include <kiln/runs/load_run.h>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 2) throw kiln::ConfigError("use_installed", "needs one argument: a run folder");
  const auto run = kiln::load_run(argv[1]);
  auto& likelihood = run.as<kiln::Likelihood>("likelihood");

  torch::NoGradGuard no_grad;
  const auto bits = torch::arange(512).unsqueeze(1).bitwise_right_shift(torch::arange(9));
  const auto pictures = bits.bitwise_and(1).to(torch::kFloat32).view({512, 1, 3, 3});
  std::printf("%.6f\n", likelihood.log_prob(pictures).exp().sum().item<double>());
} catch (const kiln::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
