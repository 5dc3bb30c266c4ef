#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"
#include "kiln/core/values.h"

namespace kiln {

enum class DecoderKind { bernoulli, gaussian, categorical, logistic };
std::vector<std::pair<DecoderKind, std::string_view>> enum_names(DecoderKind);

struct DecoderLawOptions {
  DecoderKind kind = DecoderKind::bernoulli;
  bool image = false;                          ///< Grey levels in [0, 1] where values are real.
  std::int64_t states = 0;                     ///< q, for categorical.
  std::optional<double> sigma = std::nullopt;  ///< Gaussian's deviation; none: it is learned.
};

/// The fields of a model's options that choose the law: decoder, sigma, and states of the data.
template <class Options, class Visitor>
void visit_decoder_law(Options& options, Visitor&& visit) {
  visit("decoder", options.decoder, Field{.help = "law of x given z: bernoulli for 0/1 data"});
  visit("sigma", options.sigma,
        Field{.help = "gaussian decoder's deviation; auto learns it", .low = 1e-3, .high = 1e3});
  visit("states", options.states,
        Field{.help = "values that each number takes, 0 for real ones",
              .low = 0,
              .high = 1 << 16,
              .from_data = true});
}

/// What such a model's options, which have channels too, say of the law.
template <class Options>
DecoderLawOptions decoder_law_of(const Options& o) {
  return {.kind = o.decoder, .image = o.channels > 0, .states = o.states, .sigma = o.sigma};
}

/// p(x|z) of an item of D numbers that are independent given z, told by what a network says.
///
///   bernoulli    x in {0, 1}; the logit
///   gaussian     x real: the mean; grey levels: the mean passes a sigmoid.  One variance for all
///   categorical  x in {0 .. q-1}; q logits
///   logistic     x in {0, 1/255 .. 1}: mean m and log scale of a logistic law whose mass is summed
///                over bins of width 1/255, the outer ones open: P = F(x + 1/510) - F(x - 1/510),
///                F(t) = sigmoid((t - m) / s).  Salimans et al. 2017, arXiv:1701.05517, section 2.1
///
/// Shapes: B items, D numbers, P parameters per number.  Parameters are [..., P D]: all numbers'
/// first parameter, then all numbers' second.  Densities and masses are in nats.
class DecoderLaw {
 public:
  /// Throws ConfigError, naming MODEL.decoder or MODEL.sigma, for options that do not go together.
  DecoderLaw(std::string_view model, const DecoderLawOptions& options);

  std::int64_t parameters_per_number() const;  ///< P.
  ValueSet value_set() const;                  ///< What x must be.

  /// x [B, ...] of D numbers, parameters [..., B, P D] -> log p(x|z) [..., B].
  Tensor log_prob(const Tensor& x, const Tensor& parameters) const;
  Tensor mean(const Tensor& parameters) const;            ///< [..., P D] -> E[x|z] [..., D].
  Tensor draw(const Tensor& parameters, Rng& rng) const;  ///< [..., P D] -> x [..., D].

  /// Parameters of the law that ignores z and has these moments, as nearly as it can: mean,
  /// deviation [N] -> [P N].
  Tensor start(const Tensor& mean, const Tensor& deviation) const;

  /// A learned variance is the model's to register: where `learns_log_var`, hand in the parameter
  /// made from `first_log_var`, [1].
  bool learns_log_var() const;
  Tensor first_log_var() const;
  void set_log_var(const Tensor& parameter) { learned_ = parameter; }
  /// Logarithm of the Gaussian's variance, [1], or [] if it is fixed.  A learned one never falls
  /// below -10.
  Tensor log_var() const;

 private:
  Tensor part(const Tensor& parameters, std::int64_t index) const;  // [..., D]
  Tensor logits(const Tensor& parameters) const;                    // [..., D, q]

  DecoderLawOptions options_;
  Tensor learned_;
};

}  // namespace kiln
