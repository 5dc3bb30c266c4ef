#pragma once

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/nn/code_network.h"
#include "kiln/prob/latent_prior.h"

namespace kiln {

enum class AaePosterior { deterministic, gaussian };
std::vector<std::pair<AaePosterior, std::string_view>> enum_names(AaePosterior);

enum class Supervision { none, label, semi };
std::vector<std::pair<Supervision, std::string_view>> enum_names(Supervision);

struct AaeOptions {
  std::int64_t data_dim = 784;                        // D
  std::int64_t channels = 0, height = 0, width = 0;   // C, H, W; all 0 for tables
  std::int64_t classes = 0;                           // M
  std::optional<std::int64_t> latent = std::nullopt;  // J
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t hidden = 500;
  std::int64_t layers = 2;
  std::int64_t filters = 32;
  CodeLoss loss = CodeLoss::squared;
  PriorKind prior = PriorKind::gaussian;
  double prior_scale = 1;
  std::optional<std::int64_t> modes = std::nullopt;
  AaePosterior posterior = AaePosterior::deterministic;
  Supervision supervision = Supervision::none;
  std::optional<std::int64_t> labels = std::nullopt;  // N
  std::int64_t critic_hidden = 500;
  double noise = 0;
  double adversarial_rate = 1e-3;
  std::optional<double> class_adversary = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_code_network(self, visit);
    visit("classes", self.classes,
          Field{.help = "classes of the data, 0 without labels",
                .low = 0,
                .high = 10000,
                .from_data = true});
    visit("loss", self.loss,
          Field{.help = "squared error, or cross-entropy (bernoulli) for numbers in [0, 1]"});
    visit("prior", self.prior, Field{.help = "the law that codes should have"});
    visit("prior_scale", self.prior_scale,
          Field{.help = "what the prior's codes are multiplied by", .low = 1e-3, .high = 1e3});
    visit("modes", self.modes,
          Field{.help = "Gaussians in the ring; auto: 10", .low = 2, .high = 1000});
    visit("posterior", self.posterior, Field{.help = "one code for each x, or a Gaussian law"});
    visit("supervision", self.supervision,
          Field{.help = "label: labels choose the prior's part; semi: a class beside the code"});
    visit("labels", self.labels,
          Field{.help = "labelled items, balanced; auto: 100 if supervised",
                .low = 2,
                .high = 1 << 20});
    visit("critic_hidden", self.critic_hidden,
          Field{.help = "units in each of a critic's 2 layers", .low = 1, .high = 8192});
    visit("noise", self.noise,
          Field{.help = "deviation of noise on the encoder's input in training",
                .low = 0,
                .high = 100});
    visit("adversarial_rate", self.adversarial_rate,
          Field{.help = "learning rate of critic and encoder turns unless learning_rate sets all; "
                        "0: a plain autoencoder",
                .low = 0,
                .high = 1});
    visit("class_adversary", self.class_adversary,
          Field{.help = "semi: weight of the class in the encoder's adversarial turn; auto: 1",
                .low = 0,
                .high = 1000});
  }

  std::int64_t code() const;        ///< J: latent, or 2 for laws in a plane, 10 beside a class, 8.
  std::int64_t class_size() const;  ///< Numbers of y in a code: M if semi, else 0.
  std::int64_t labelled() const;    ///< N; 0 without supervision.
  std::int64_t parts() const;       ///< Of the prior.
};

/// Adversarial autoencoder. Makhzani et al. 2015, arXiv:1511.05644.
///
/// Shapes: B batch, D data_dim, J latent, M classes, N labelled items; x is [B, D], or [B, C, H, W]
/// for images.  The error is summed over D; the other losses are nats.  A code is z [B, J], or with
/// supervision semi [y, z] [B, M + J], y = softmax of the encoder's class logits.
/// A round: the autoencoder lowers the error; the critic tells the prior's codes from the
/// encoder's; the encoder moves its codes to where the critic takes them for the prior's; and with
/// supervision semi the encoder learns the classes of labelled items (sections 2, 2.3 and 5).
/// Differs from the paper: Adam in place of SGD with momentum; weights start as LibTorch's do; all
/// B labelled items of a round are drawn with replacement from the N.
class Aae : public Game,
            public Sampler,
            public Encoder,
            public Decoder,
            public Prior,
            public Classifier {
 public:
  using Options = AaeOptions;
  static std::vector<RecipeFor<Options>> recipes();
  struct Code {
    Tensor class_logits;    ///< [B, M] with supervision semi, else undefined.
    Tensor z;               ///< [B, J].
    Tensor joined() const;  ///< z, or [softmax(class_logits), z].
  };

  explicit Aae(const AaeOptions& options);  ///< Throws ConfigError for options that do not fit.

  /// Code of x, with noise on the input and a draw of the Gaussian posterior.
  Code encode(const Tensor& x, Rng& rng);
  Tensor error(const Tensor& x, const Code& code) { return network_->error(x, code.joined()); }
  /// z [B, J], label [B] in 0 .. M, M for unknown -> log-odds of being the prior's, [B, 1]. Without
  /// supervision label the label is not used. Section 2.3.
  Tensor critic_logits(const Tensor& z, const Tensor& label);
  Tensor class_critic_logits(const Tensor& y);  ///< y [B, M] -> log-odds, [B, 1]. Section 5.

  Values values() const override { return network_->values(); }
  void start_from_data(const DataMoments& moments) override;
  std::int64_t labelled_items() const override { return options_.labelled(); }
  void start_from_labelled(const Batch& labelled) override;  ///< Throws unless it has N items.
  void begin_round(const Batch& batch, Rng& rng) override;   ///< Encodes the batch.
  /// "autoencoder", "critic", "encoder", and for semi "classifier".
  std::vector<Player> players() override;
  std::int64_t code_size() const override { return options_.class_size() + options_.code(); }
  Tensor encode_mean(const Tensor& x) override;
  Tensor encode_draw(const Tensor& x, Rng& rng) override;  ///< Without noise on the input.
  Tensor decode_mean(const Tensor& z) override { return network_->decode_mean(z); }
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws ConfigError where semi.
  std::int64_t classes() const override { return options_.class_size(); }
  Tensor class_logits(const Tensor& x) override;  ///< Throws ConfigError unless semi.
  /// The mean of x given a code of the prior, of the class asked for.  z is multiplied by the
  /// temperature.
  Tensor sample(const SampleRequest& request, Rng& rng) override;

 private:
  Code split(const Tensor& outputs) const;
  Code drawn(const Tensor& outputs, Rng& rng) const;
  Tensor to_weights(const Tensor& x) const { return x.to(network_->parameters()[0].options()); }
  Tensor one_hot(const Tensor& label, std::int64_t columns) const;
  Tensor prior_of_class(std::int64_t label, std::int64_t count, Rng& rng);
  Batch draw_labelled(std::int64_t count, Rng& rng) const;
  /// Codes of the encoder and of the prior with the label that the critic sees beside each.
  struct Pairs {
    Tensor codes, prior, label;
  };
  Pairs pairs(const Code& code, Rng& rng);
  Objective critic_turn(Rng& rng);
  Objective encoder_turn(const Tensor& x, Rng& rng);
  Objective classifier_turn(std::int64_t count, Rng& rng);
  std::vector<NamedTensor> encoder_parameters() const;

  AaeOptions options_;
  LatentPrior prior_;
  std::shared_ptr<CodeNetwork> network_;
  torch::nn::Sequential critic_, class_critic_{nullptr};
  Tensor labelled_x_, labelled_y_;  // buffers: [N, ...] and [N], -1 until they are known
  Code code_;  // of this round's batch, with its graph: one turn of each player uses it
};

}  // namespace kiln
