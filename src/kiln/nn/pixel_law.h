#pragma once

#include <cstdint>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// What a network puts out at a pixel of one picture, and the pixel so far.
struct PixelOutputs {
  const float* maps;  ///< Of all channels; `stride` apart.
  std::int64_t stride;
  const std::int64_t* before;  ///< The states of the channels before.
};

/// The law of a picture's numbers that a network's outputs stand for: a pixel's channels one after
/// the other.  C channels, q states 0 .. q - 1, O output maps.
class PixelLaw {
 public:
  PixelLaw(std::int64_t channels, std::int64_t states) : channels_(channels), states_(states) {}
  virtual ~PixelLaw() = default;

  std::int64_t channels() const { return channels_; }
  std::int64_t states() const { return states_; }
  std::int64_t outputs() const { return static_cast<std::int64_t>(groups().size()); }  ///< O.
  /// The channel whose law each output map belongs to: it may depend on the channels before.
  virtual std::vector<std::int64_t> groups() const = 0;

  /// x of 0 .. q - 1 -> what networks are shown: -1 .. 1, so that outside of the picture is 0.
  Tensor scaled(const Tensor& x) const;
  float scaled(std::int64_t state) const;

  /// log p of each number given the channels before: maps [B, O, H, W], x [B, C, H, W] of whole
  /// numbers -> [B, C, H, W], nats.
  virtual Tensor log_probs(const Tensor& maps, const Tensor& x) const = 0;

  /// The state that a uniform number picks: the smallest v with u < P(X <= v) of the law p^(1/T),
  /// T above 0; of a Bernoulli law it is 1 where u < p.
  virtual std::int64_t picked(const PixelOutputs& outputs, std::int64_t channel, float uniform,
                              double temperature) const = 0;

  /// The same by a law that no network gives: shares [q] float64 that add up to 1.
  std::int64_t picked_by(const Tensor& shares, float uniform) const;
  /// Of each of some numbers: uniform [B] -> [B] float32 on the CPU.
  Tensor picked_by(const Tensor& shares, const Tensor& uniform) const;

 private:
  std::int64_t channels_, states_;
};

/// A law of its own for each number: Bernoulli with one logit where numbers are 0 or 1, else a
/// softmax over q states.  Maps are channel by channel: [C n], n = 1 or q.
class SoftmaxLaw : public PixelLaw {
 public:
  using PixelLaw::PixelLaw;
  std::vector<std::int64_t> groups() const override;
  Tensor log_probs(const Tensor& maps, const Tensor& x) const override;
  std::int64_t picked(const PixelOutputs& outputs, std::int64_t channel, float uniform,
                      double temperature) const override;

 private:
  std::int64_t logits() const { return states() == 2 ? 1 : states(); }  // n
};

/// The smallest state with u < P(X <= v), where P(X = v) is mass(v) over their sum.
template <class Mass>
std::int64_t state_at(std::int64_t states, double uniform, const Mass& mass) {
  double total = 0, below = 0;
  for (std::int64_t v = 0; v < states; ++v) total += mass(v);
  for (std::int64_t v = 0; v < states - 1; ++v)
    if (uniform * total < (below += mass(v))) return v;
  return states - 1;
}

}  // namespace kiln
