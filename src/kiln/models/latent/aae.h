#pragma once

#include "kiln/models/aae_options.h"
#include "kiln/models/model.h"

namespace kiln {

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
  static std::vector<RecipeFor<Options>> recipes() { return aae_recipes(); }
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
  std::vector<std::string> training_buffers() const override {
    return {"labelled_x", "labelled_y"};
  }
  void start_from_labelled(const Batch& labelled) override;  ///< Throws unless it has N items.
  void begin_round(const Batch& batch, Rng& rng) override;   ///< Encodes the batch.
  /// "autoencoder", "critic", "encoder", and for semi "classifier".
  std::vector<Player> players() override;
  std::int64_t code_size() const override { return options_.class_size() + options_.code(); }
  Tensor encode_mean(const Batch& batch) override;
  Tensor encode_draw(const Batch& batch, Rng& rng) override;  ///< Without noise on the input.
  Tensor decode_mean(const Tensor& z) override { return network_->decode_mean(z); }
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws ConfigError where semi.
  std::int64_t classes() const override { return options_.class_size(); }
  Tensor class_logits(const Batch& batch) override;  ///< Throws ConfigError unless semi.
  Conditions conditions() const override;
  /// The mean of x given a code of the prior, of the class asked for.  z is multiplied by the
  /// temperature.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

 private:
  Code split(const Tensor& outputs) const;
  Code drawn(const Tensor& outputs, Rng& rng) const;
  Tensor to_weights(const Tensor& x) const { return x.to(network_->parameters()[0].options()); }
  Tensor one_hot(const Tensor& label, std::int64_t columns) const;
  Tensor prior_of_class(const Tensor& labels, Rng& rng);
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
