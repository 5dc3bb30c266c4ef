#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/nn/iaf.h"
#include "kiln/prob/diag_normal.h"

namespace kiln {

enum class PosteriorKind { diagonal, full_covariance, planar, iaf };
std::vector<std::pair<PosteriorKind, std::string_view>> enum_names(PosteriorKind);

enum class KlEstimate { closed, sampled };
std::vector<std::pair<KlEstimate, std::string_view>> enum_names(KlEstimate);

struct PosteriorOptions {
  PosteriorKind kind = PosteriorKind::diagonal;
  std::int64_t latent = 20;                          // J
  std::int64_t features = 500;                       // H: what the encoder says of an item
  std::optional<std::int64_t> steps = std::nullopt;  ///< Of planar and iaf; none: 4.
  std::optional<KlEstimate> kl = std::nullopt;       ///< None: closed for the normal kinds.
};

/// q(z|x) of a batch.
struct PosteriorLaw {
  DiagNormal base;  ///< [B, J].
  Tensor extra;     ///< [B, *]: what the richer kinds need per item; undefined for diagonal.
};

/// Draws of q, with their densities in nats.
struct PosteriorDraws {
  Tensor z;         ///< [..., B, J].
  Tensor log_prob;  ///< log q(z|x), [..., B].
};

/// How a normal base law N(m, diag s^2) becomes q(z|x).  e is noise from N(0, I).
///
///   diagonal         z = m + s e
///   full_covariance  z = m + L e, L lower triangular with diagonal s
///   planar           z = f_T(.. f_1(m + s e)), maps of planar_flow.h
///   iaf              the same with steps of iaf.h, the order reversed from step to step
///
/// Every kind says log q from the noise: log N(e; 0, I) - log |det dz/de|.  What a kind needs per
/// item comes from the encoder's features by one linear layer.
class PosteriorImpl : public torch::nn::Module {
 public:
  /// Throws ConfigError, naming MODEL.posterior, MODEL.flow_steps or MODEL.kl, for options that do
  /// not go together and for a layer of insane size.
  PosteriorImpl(std::string_view model, const PosteriorOptions& options);

  PosteriorLaw law(const DiagNormal& base, const Tensor& features);     ///< features [B, H].
  PosteriorDraws at_noise(const PosteriorLaw& q, const Tensor& noise);  ///< noise [..., B, J].

  /// KL(q || N(0, I)): of the normal kinds 1/2 [|L|^2 + |m|^2 - J - 2 sum_j ln L_jj], [B]; or what
  /// each draw says of it, log q(z|x) - log N(z; 0, I), [..., B].
  Tensor kl_to_standard(const PosteriorLaw& q, const PosteriorDraws& draws);
  bool kl_is_closed() const;

 private:
  Tensor triangle(const Tensor& extra) const;  // [B, J(J-1)/2] -> strictly lower [B, J, J]
  FlowResult planar_step(const Tensor& z, const Tensor& extra, std::int64_t step) const;

  std::int64_t steps() const;

  PosteriorOptions options_;
  torch::nn::Linear extra_{nullptr};
  std::vector<IafStep> steps_;
};
TORCH_MODULE(Posterior);

}  // namespace kiln
