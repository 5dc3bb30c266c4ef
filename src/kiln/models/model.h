#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "kiln/core/batch.h"
#include "kiln/core/optimizer_options.h"
#include "kiln/core/options.h"
#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"
#include "kiln/core/values.h"
#include "kiln/models/given.h"

namespace kiln {

/// Of the training data in the model's own values, each [D] or [C, H, W].
struct DataMoments {
  Tensor mean;       ///< Of each number.
  Tensor deviation;  ///< Root of the mean squared distance from the mean; 0 where nothing varies.
  Tensor class_shares = {};  ///< [classes] float64, of the labels; undefined without labels.
};

/// Weights and buffers under PyTorch's names, and the values that the data must take.  What else a
/// model can do is said by the interfaces below; a command asks for the one that it needs.
class Model : public torch::nn::Module {
 public:
  virtual Values values() const = 0;  ///< The values that the numbers of x must take.
  virtual std::int64_t states() const { return 0; }  ///< q, where values() is states.
  /// Both together.
  ValueSet value_set() const { return {values(), states()}; }

  /// What the options fix without being weights: orders, degrees of masked units.  Checkpoints hold
  /// it, so that the density is known to who has no Philox; it is compared when they are read.
  virtual std::vector<NamedTensor> constants() const;

  /// Parts of an item beside x and y that training needs, by name: "b" of pairs.
  virtual std::vector<std::string> needed_fields() const { return {}; }

  /// Buffers that only training needs, by name, or a module's by its name: items with labels, pools
  /// of pictures, moments of looked-ahead steps.  A checkpoint holds them apart, and what is kept
  /// for use leaves them out.
  virtual std::vector<std::string> training_buffers() const { return {}; }

  /// Rows of pictures, each [B, C, H, W] in the model's values, that show what it does with items
  /// of the validation part; empty: samples are shown, where it has some.
  virtual std::vector<Tensor> preview(const Batch& items, Rng& rng) {
    static_cast<void>(items), static_cast<void>(rng);
    return {};
  }

  /// Called once before the first step.
  virtual void start_from_data(const DataMoments& moments) { static_cast<void>(moments); }

  /// How many labelled training items the model asks for, balanced over the classes; 0: none.
  virtual std::int64_t labelled_items() const { return 0; }
  /// Called once before the first step, with those items, where there are any.  The model keeps
  /// what it needs of them in buffers, so that a resumed run has them, too.
  virtual void start_from_labelled(const Batch& labelled) { static_cast<void>(labelled); }
};

// ---- Training as a game

/// What a player minimises in one turn.
struct Objective {
  Tensor loss;                                           ///< [], finite.
  std::vector<std::pair<std::string, Tensor>> log = {};  ///< Named scalars [] for the records.
};

/// One participant of a training game.  Maximum likelihood is a game of one, a GAN of two, an AAE
/// of three.
struct Player {
  std::string name;                     ///< "model", "generator", "critic", "encoder".
  std::vector<NamedTensor> parameters;  ///< What this player may move, and nothing else.
  std::function<Objective(const Batch&, Rng&)> objective;  ///< Made anew in every turn.
  int turns = 1;  ///< Updates per round; every turn after the first draws a new batch.
  OptimizerOptions optimizer = {};       ///< The paper's; flags may override it.
  std::vector<std::string> shares = {};  ///< Parameters that another player also declares shared.
  bool averaged = true;  ///< Whether the moving average of weights covers this player's.
};

/// A part of a training in which a model sees other batches, or some players begin anew.
struct Stage {
  std::int64_t rounds = 0;   ///< How long it lasts; the last stage of a model never ends.
  std::int64_t batches = 1;  ///< Of the source, joined to the one batch that a turn sees.
  std::vector<std::string> fresh_moments = {};  ///< Players whose moments begin anew with it.
};

/// A model that learns by gradients.
class Game : public Model {
 public:
  /// In the order of their turns; asked once, before the first round.
  virtual std::vector<Player> players() = 0;

  /// In their order; none: every round is as the first.  Asked once, before the first round.
  virtual std::vector<Stage> stages() const { return {}; }

  /// Whether the one player's loss is a mean over items that know nothing of each other: the mean
  /// of the gradients of a batch's parts is then that of the batch, and begin_round() only counts.
  virtual bool adds_over_items() const { return false; }

  /// Makes what the players share in a round (a GAN's fake batch); each of it is used by at most
  /// one turn of each player.
  virtual void begin_round(const Batch& batch, Rng& rng) {
    static_cast<void>(batch), static_cast<void>(rng);
  }

 protected:
  std::vector<NamedTensor> trainable() const;  ///< Every parameter, by its PyTorch name.
  std::vector<NamedTensor> trainable(
      const std::string& prefix) const;  ///< Those whose name starts with "prefix.".
};

// ---- Fitting in passes

/// A model that learns by counting or in passes over the data (tables, EM), in memory that does not
/// grow with the data.  What a pass has gathered so far lives in buffers, so that a checkpoint in
/// the middle of a pass can be resumed.
class Fitted : public Model {
 public:
  virtual void begin_pass() = 0;                 ///< Forgets what the last pass gathered.
  virtual void observe(const Batch& batch) = 0;  ///< Every item comes once in a pass.
  virtual bool end_pass() = 0;                   ///< True when another pass would change nothing.

  /// What passes lower, for the pass that ended last: nats per item for a likelihood.
  virtual double loss() const = 0;
  virtual std::int64_t most_passes() const { return 0; }  ///< 0: as many as it is given.
  /// What else the records say of that pass, by name.
  virtual std::vector<std::pair<std::string, double>> figures() const { return {}; }
};

// ---- Capabilities

/// Draws items of its law.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual Conditions conditions() const { return {}; }  ///< What may be asked.
  /// [count, D] or [count, C, H, W] in the model's values; no gradient.  Throws ConfigError for
  /// what the conditions do not allow.
  Tensor sample(const SampleRequest& request, Rng& rng);

 protected:
  /// sample() once the request has been checked.
  virtual Tensor draw_samples(const SampleRequest& request, Rng& rng) = 0;
};

/// Knows the density of an item exactly.
class Likelihood {
 public:
  virtual ~Likelihood() = default;
  /// log p(x), or log p(x|y) of a conditional model, which throws ShapeError where the batch has no
  /// labels: [B], nats, exact.
  virtual Tensor log_prob(const Batch& batch) = 0;
};

/// An exact density as a product of conditionals in some order of the numbers of x,
/// p(x) = prod_i p(x_d | numbers before d), d = o_i the number visited at step i.  Everything here
/// is on flat items [B, D], so that `kiln check` can take the model apart; the labels of a
/// conditional model's batch are the classes that all is given.
class Autoregressive : public Likelihood {
 public:
  virtual const Tensor& ordering() const = 0;  ///< [D] int64, CPU: the number visited at each step.

  /// log p(x_d | numbers before d) [B, D], nats, in natural places; a row adds up to log_prob.
  virtual Tensor log_conditionals(const Batch& batch) = 0;

  /// The sampler as a function of its randomness: x of `uniform` is [B, D] in [0, 1) -> x [B, D].
  /// The cached way, as `sample` uses it.
  virtual Tensor draw(const Batch& uniform) = 0;

  /// The naive way: x_d [B] from its uniform [B] by a full pass over x, which is read only before
  /// d.
  virtual Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) = 0;
};

/// A density of (x - shift) / scale, with shift and scale set by the training data.
class Standardised {
 public:
  virtual ~Standardised() = default;
  /// sum_d log scale_d, nats: the log density of the standardised item is log_prob(x) plus this.
  virtual double log_volume() const = 0;
};

/// Knows bounds on the log density of an item.
class Bound {
 public:
  virtual ~Bound() = default;
  /// [B], nats; its expectation is at most log p(x), or log p(x|y) of a conditional model, which
  /// throws ShapeError where the batch has no labels.
  virtual Tensor elbo(const Batch& batch, Rng& rng) = 0;
  /// [B], nats: log (1/K) sum_k w_k; its expectation rises with K to the same.  arXiv:1509.00519.
  virtual Tensor log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) = 0;
  /// Whether it bounds the log of a mass of discrete x, or of a density.
  virtual bool bounds_mass() const = 0;
  /// K of the importance-weighted bound that training raises; 1: it raises the elbo.
  virtual std::int64_t training_draws() const { return 1; }
};

/// Gives items codes.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::int64_t code_size() const = 0;          ///< J.
  virtual Tensor encode_mean(const Batch& batch) = 0;  ///< [B, J]: the code of x, or its mean.
  /// A draw of q(z|x), [B, J].  Here that of an encoder that gives each x one code; one with a law
  /// overrides it.
  virtual Tensor encode_draw(const Batch& batch, Rng&) { return encode_mean(batch); }
};

/// Gives codes items.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Tensor decode_mean(
      const Tensor& z) = 0;  ///< [B, J] -> the mean of x given z, shaped as in Batch.
};

/// A law of codes that can be drawn from; an autoencoder has codes and no such law.
class Prior {
 public:
  virtual ~Prior() = default;
  virtual Tensor sample_prior(std::int64_t count, Rng& rng) = 0;  ///< [count, J].
  /// u [..., J] in (0, 1), uniform -> z of the prior's law: its inverse distribution function. Here
  /// that of N(0, I); a decoder with another prior says so.
  virtual Tensor prior_quantile(const Tensor& u) const;
};

/// Tells items of the data from others.
class Critic {
 public:
  virtual ~Critic() = default;
  /// [B] logits: larger is more like the data.
  virtual Tensor realness_logits(const Batch& batch) = 0;
};

/// Completes items of which a part is known.
class Completer {
 public:
  virtual ~Completer() = default;
  /// Draws the unknown part given the known one.  x as in Batch; known: same shape, 1 where x is
  /// given, 0 where it is to be drawn -> same shape, equal to x where known is 1.  Throws
  /// ConfigError for a pattern the model cannot condition on.
  virtual Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) = 0;
};

/// Names the class of an item.
class Classifier {
 public:
  virtual ~Classifier() = default;
  virtual std::int64_t classes() const = 0;  ///< 0: built without a class output.
  /// [B, classes], log p(y|x) up to a constant; the batch's labels are not read.
  virtual Tensor class_logits(const Batch& batch) = 0;
};

/// From pictures of one kind to pictures of another.  Directions are "a2b", from pictures like x of
/// an item to pictures like its part "b", and "b2a".
class Translator {
 public:
  virtual ~Translator() = default;
  virtual std::vector<std::string> directions() const = 0;  ///< The first is the usual one.
  /// [B, C, H, W] -> [B, C', H, W] in the model's values, without gradient; H and W need not be
  /// those of training.  Throws ConfigError for another direction.
  virtual Tensor translate(const Tensor& source, std::string_view direction, Rng& rng) = 0;
};

/// Throws ConfigError that names the directions, unless it is one of them.
void check_direction(const Translator& model, std::string_view direction);

/// Names of the interfaces that a model has: "sampler", "likelihood", "bound", ...
std::vector<std::string> capabilities(const Model& model);

}  // namespace kiln
