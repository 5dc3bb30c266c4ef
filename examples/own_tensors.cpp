// Trains a model on tensors, draws from it, keeps it in one file and reads it back.
#include <fmt/format.h>

#include "kiln/kiln.h"

int main() {
  kiln::start_up();
  kiln::Rng rng(1);
  const auto x = rng.bernoulli(torch::full({1000, 64}, .3));  // own items: [N, D], or [N, C, H, W]
  const auto vae = kiln::train("vae", kiln::in_memory(x), {{"latent", "2"}, {"epochs", "5"}},
                               [](const kiln::TrainingProgress& at) {
                                 if (at.step % 20 == 0)
                                   fmt::print("{}: {:.2f}\n", at.step, at.loss);
                                 return true;  // false ends the training
                               });
  const auto drawn = vae.as<kiln::Sampler>("sampler").sample({.count = 500}, rng);
  kiln::save_model("vae.safetensors", vae);
  const auto again = kiln::load_model("vae.safetensors");
  const auto bound = again.as<kiln::Bound>("bound").elbo(x, rng).mean().item<double>();
  fmt::print("mean of samples {:.2f}, of items {:.2f}; elbo {:.2f} nats\n",
             drawn.mean().item<double>(), x.mean().item<double>(), bound);
}
