#include "kiln/models/latent/autoencoder.h"

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr double kUsualNoise = 0.25;  // Vincent et al. mask a quarter

const AutoencoderOptions& checked_together(const AutoencoderOptions& o) {
  checked("autoencoder", o);
  if (o.noise && o.denoise == Denoise::none)
    throw ConfigError("autoencoder.noise", "nothing is spoilt; use denoise mask or gaussian");
  if (o.denoise == Denoise::mask && o.noise.value_or(0) >= 1)
    throw ConfigError("autoencoder.noise",
                      fmt::format("a share of zeros must be below 1, got {}", *o.noise));
  return o;
}

}  // namespace

std::vector<std::pair<Denoise, std::string_view>> enum_names(Denoise) {
  return {{Denoise::none, "none"}, {Denoise::mask, "mask"}, {Denoise::gaussian, "gaussian"}};
}

Autoencoder::Autoencoder(const AutoencoderOptions& o)
    : options_(checked_together(o)),
      network_(register_module(
          "network",
          std::make_shared<CodeNetwork>(
              "autoencoder", CodeNetworkOptions{coder_of(o, o.latent), o.latent, o.loss}))) {}

// Vincent et al., section 2.3: q(x~|x).  mask: x~_d = 0 with probability `noise`;
// gaussian: x~ = x + noise * N(0, I).
Tensor Autoencoder::corrupt(const Tensor& x, Rng& rng) const {
  const double level = options_.noise.value_or(kUsualNoise);
  if (options_.denoise == Denoise::mask) return x * rng.bernoulli(torch::full_like(x, 1 - level));
  if (options_.denoise == Denoise::gaussian)
    return x + level * rng.normal(x.sizes()).to(x.options());
  return x;
}

// L(x, g(f(x~))): the clean x is the target.
Tensor Autoencoder::error(const Tensor& seen, const Tensor& x) {
  return network_->error(x, network_->encode(seen));
}

void Autoencoder::start_from_data(const DataMoments& moments) {
  network_->start_from_mean(moments.mean);
}

std::vector<Player> Autoencoder::players() {
  return {{.name = "model",
           .parameters = trainable(),
           .objective = [this](const Batch& batch, Rng& rng) {
             return Objective{.loss = error(corrupt(batch.x, rng), batch.x).mean()};
           }}};
}

Tensor Autoencoder::encode_mean(const Batch& batch) { return network_->encode(batch.x); }

Tensor Autoencoder::decode_mean(const Tensor& z) { return network_->decode_mean(z); }

std::vector<RecipeFor<AutoencoderOptions>> Autoencoder::recipes() {
  return {{"all data",
           always<AutoencoderOptions>,
           {{"epochs", "50"}, {"least_steps", "5000"}, {"schedule", "cosine"}, {"ema", "0.999"}}}};
}

}  // namespace kiln
