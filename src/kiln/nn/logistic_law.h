#pragma once

#include "kiln/nn/pixel_law.h"

namespace kiln {

/// A mixture of K discretised logistic laws for each pixel of one or three channels.  Salimans et
/// al. 2017, arXiv:1701.05517, section 2.1 and 2.2.
///
///   P(x) = sum_k pi_k prod_c [ S((x_c + h - mu_kc) / s_kc) - S((x_c - h - mu_kc) / s_kc) ]
///
/// S is the logistic function, h = 1 / (q - 1) half a bin; below the first and above the last state
/// its tails belong to them.  One component makes all channels of a pixel; the means of later
/// channels move with earlier ones: mu_2 + alpha x_1, mu_3 + beta x_1 + gamma x_2.  Numbers are as
/// networks see them, -1 .. 1.
///
/// Maps: [K logits of pi | for each channel: K means, K log s, of three channels K coefficients
/// (alpha; beta; gamma) before their tanh], 3K or 10K.  log s lies in [-7, 20].  All of it belongs
/// to channel 0: the outputs of a pixel do not depend on the pixel.
///
/// Differs from the paper: the log of a bin's mass is exact everywhere, by
///   S(a) - S(b) = S(a) S(-b) (1 - exp(b - a)),
/// where the paper takes the density at the bin's middle once the difference is below 1e-5; log s
/// has an upper bound, too.
class LogisticLaw : public PixelLaw {
 public:
  /// Throws ConfigError unless channels is 1 or 3.
  LogisticLaw(std::int64_t channels, std::int64_t states, std::int64_t components);

  std::vector<std::int64_t> groups() const override;
  Tensor log_probs(const Tensor& maps, const Tensor& x) const override;
  std::int64_t picked(const PixelOutputs& outputs, std::int64_t channel, float uniform,
                      double temperature) const override;

 private:
  std::int64_t maps_of_channel() const { return channels() == 1 ? 2 : 3; }
  std::int64_t components_;  // K
};

}  // namespace kiln
