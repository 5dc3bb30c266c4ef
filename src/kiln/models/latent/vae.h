#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "kiln/models/model.h"
#include "kiln/nn/coder.h"
#include "kiln/prob/diag_normal.h"

namespace kiln {

enum class VaeDecoder { bernoulli, gaussian };
std::vector<std::pair<VaeDecoder, std::string_view>> enum_names(VaeDecoder);

enum class VaeObjective { elbo, iwae };
std::vector<std::pair<VaeObjective, std::string_view>> enum_names(VaeObjective);

struct VaeOptions {
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t latent = 20;                          // J
  VaeDecoder decoder = VaeDecoder::bernoulli;
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t hidden = 500;
  std::int64_t layers = 2;
  std::int64_t filters = 32;
  std::optional<double> sigma = std::nullopt;
  CoderActivation activation = CoderActivation::relu;
  VaeObjective objective = VaeObjective::elbo;
  std::int64_t k = 1;  // K in training

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help, double low, double high) {
      return Field{.help = help, .low = low, .high = high, .from_data = true};
    };
    visit("data_dim", self.data_dim, from_data("numbers per item", 1, 1 << 24));
    visit("channels", self.channels, from_data("image channels, 0 for tables", 0, 4096));
    visit("height", self.height, from_data("image height, 0 for tables", 0, 16384));
    visit("width", self.width, from_data("image width, 0 for tables", 0, 16384));
    visit("latent", self.latent, Field{.help = "latent variables", .low = 1, .high = 4096});
    visit("decoder", self.decoder, Field{.help = "law of x given z: bernoulli for 0/1 data"});
    visit("network", self.network, Field{.help = "dense layers, or convolutions for images"});
    visit("hidden", self.hidden, Field{.help = "units per dense layer", .low = 1, .high = 8192});
    visit("layers", self.layers, Field{.help = "dense layers each side", .low = 1, .high = 16});
    visit("filters", self.filters, Field{.help = "first filters (conv)", .low = 1, .high = 256});
    visit("sigma", self.sigma,
          Field{.help = "gaussian decoder's deviation; auto learns it", .low = 1e-3, .high = 1e3});
    visit("activation", self.activation, Field{.help = "of the dense layers"});
    visit("objective", self.objective,
          Field{.help = "what training raises: the bound, or the importance-weighted one"});
    visit("k", self.k, Field{.help = "draws per item in training", .low = 1, .high = 4096});
  }
};

/// Variational autoencoder. Kingma & Welling 2014, arXiv:1312.6114; with the importance-weighted
/// objective of Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519.
///
/// Shapes: B batch, D data_dim, J latent, K draws; x is [B, D], or [B, C, H, W] for images.
/// Densities are in nats, summed over D.  A Bernoulli decoder is a likelihood of 0/1 data only and
/// asks for them; a Gaussian decoder takes grey levels in [0, 1] or real tables.
/// Differs from the paper: two layers each side, ReLU unless asked; Adam in place of Adagrad; the
/// Gaussian decoder has one variance for all of D, learned or fixed; no prior on the weights.
/// Every bound belongs to its item alone: no layer looks across the batch.
class Vae : public Game,
            public Sampler,
            public Bound,
            public Encoder,
            public Decoder,
            public Prior {
 public:
  using Options = VaeOptions;
  struct Terms {
    Tensor elbo, reconstruction, kl;  ///< Each [B], nats; elbo = reconstruction - kl.
  };

  /// Throws ConfigError if a size is out of range, or if the network cannot take the images.
  explicit Vae(const VaeOptions& options);

  /// q(z|x), mean and log variance [B, J].  Eq. (9).  Log variances are kept in [-10, 10].
  DiagNormal encode(const Tensor& x);
  /// z [..., J] -> [..., D]: each number's logit (Bernoulli) or mean (Gaussian).  App. C.1, C.2.
  Tensor decode_parameters(const Tensor& z);
  /// Logarithm of the Gaussian decoder's variance, [1].  A learned one never falls below -10.
  Tensor decoder_log_var() const;

  /// Eq. (10), one draw.  Throws ShapeError unless x is as above.
  Terms bound_terms(const Tensor& x, Rng& rng);
  /// The same at z = mean + std * noise; noise [B, J].
  Terms bound_terms(const Tensor& x, const Tensor& noise);
  /// log p(x, z) - log q(z|x) at K draws of z from q: [K, B].  The draws do not depend on how K is
  /// split over calls.
  Tensor log_weights(const Tensor& x, std::int64_t draws, Rng& rng);

  Values values() const override;
  /// Sets the output bias to the log-odds of the mean (clamped to [0.001, 0.999]), or the mean of
  /// real data: the decoder starts as the best law that ignores z.
  void start_from_data(const DataMoments& moments) override;
  /// One player; loss, averaged over B, []: minus the mean of K bounds (elbo), or minus L_K (iwae).
  std::vector<Player> players() override;
  Tensor elbo(const Batch& batch, Rng& rng) override;  ///< [B].
  /// [B], rises with K to log p(x).  arXiv:1509.00519, eq. (8).  Without gradients memory does not
  /// grow with K; with gradients the whole graph is kept, so K should be small.
  Tensor log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) override;
  std::int64_t code_size() const override { return options_.latent; }
  Tensor encode_mean(const Tensor& x) override;
  Tensor decode_mean(const Tensor& z) override;
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  /// z ~ N(0, temperature^2 I), then x ~ p(x|z): 0/1 (Bernoulli), or mean plus noise, cut to [0, 1]
  /// for images (Gaussian).
  Tensor sample(const SampleRequest& request, Rng& rng) override;

 private:
  bool is_image() const { return options_.channels > 0; }
  std::vector<std::int64_t> batch_shape(std::int64_t batch) const;
  void check_x(const char* where, const Tensor& x) const;
  Tensor normal(at::IntArrayRef shape, Rng& rng) const;  // in the weights' type
  Tensor log_likelihood(const Tensor& x, const Tensor& z);
  Tensor log_weights(const Tensor& x, const DiagNormal& q, const Tensor& noise);
  Tensor log_weights(const Tensor& x, const DiagNormal& q, std::int64_t draws, Rng& rng);
  Objective objective(const Batch& batch, Rng& rng);
  std::int64_t draws_at_once(std::int64_t batch) const;

  VaeOptions options_;
  torch::nn::Sequential encoder_;
  torch::nn::Linear encoder_mean_, encoder_log_var_;
  torch::nn::Sequential decoder_;  // its last parameter is the output bias
  Tensor decoder_log_var_;         // [1] when it is learned
};

}  // namespace kiln
