#pragma once

#include <cstdint>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// The law of one number of a picture that a network puts out: a Bernoulli law of one logit where
/// numbers are 0 or 1, else a softmax over q states.
///
/// Maps of outputs are channel by channel: [C O], O outputs of each number, 1 or q.
struct PixelLaw {
  std::int64_t channels = 1;  ///< C.
  std::int64_t states = 2;    ///< q.

  std::int64_t outputs() const { return states == 2 ? 1 : states; }  ///< O.
  std::vector<std::int64_t> groups() const;  ///< The channel of each output map, [C O].

  /// x of 0 .. q - 1 -> what networks are shown: -1 .. 1, so that outside of the picture is 0.
  Tensor scaled(const Tensor& x) const;
  float scaled(std::int64_t state) const;

  /// maps [B, C O, H, W], x [B, C, H, W] of whole numbers -> [B, C, H, W], nats.
  Tensor log_probs(const Tensor& maps, const Tensor& x) const;

  /// The state that a uniform number picks, the smallest v with u < P(X <= v); of 0 and 1 it is 1
  /// where u < p.  `logits` are `stride` apart, and are divided by a temperature above 0.
  std::int64_t picked(const float* logits, std::int64_t stride, float uniform,
                      double temperature) const;
  /// The same of tensors: maps [B, C O, H, W] at pixel (row, column), uniform [B] -> [B].
  Tensor picked(const Tensor& maps, std::int64_t channel, std::int64_t row, std::int64_t column,
                const Tensor& uniform, double temperature) const;

  /// The same by a law that no network gives: shares [q] float64 that add up to 1.
  std::int64_t of_shares(const Tensor& shares, float uniform) const;
  Tensor of_shares(const Tensor& shares, const Tensor& uniform) const;
};

}  // namespace kiln
