#pragma once

#include <cstdint>
#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/nn/masked_network.h"

namespace kiln {

/// One mask set of a network with its inputs in visiting order and its units by rising degree: what
/// a unit may see is then one block of memory, and the units that a new input completes are
/// neighbours.
struct DegreeOrdered {
  struct Layer {
    Tensor weight;                   // [H, units below], contiguous
    Tensor bias;                     // [H, 1]
    std::vector<std::int64_t> upto;  // upto[m]: units of degree <= m, m = 0 .. D
  };
  DegreeOrdered(const MaskedNetwork& network, const Degrees& degrees);

  MaskedActivation activation;
  Tensor order;  // [D] int64, on the network's device
  std::vector<Layer> layers;
  Tensor output, output_bias, direct;  // rows (and the columns of `direct`) by place
};

/// The logits of masked_logits one place after the other, for a sampler: a unit is computed once,
/// when the last input that it may see is known.  All D places together cost less than one
/// masked_logits.  Plain tensor code, for any device and type; no gradient.
class DegreeOrderedPass {
 public:
  DegreeOrderedPass(const DegreeOrdered& network, std::int64_t batch);  ///< Keeps a reference.

  Tensor logit(std::int64_t place) const;             ///< [B]; needs x of every earlier place.
  void observe(std::int64_t place, const Tensor& x);  ///< x [B] of that place; places in turn.

 private:
  const DegreeOrdered& network_;
  std::vector<Tensor> values_;  // [D, B] of x, then [H, B] of each hidden layer
};

/// Draws from the mixture of mask sets that share one order, every set as likely: uniform [B, D] in
/// [0, 1) -> [B, D] of 0 and 1 in natural places, x_d = 1 where uniform < p.
///
///   p(x_i = 1 | before) = sum_r w_r sigmoid(logit_r / temperature),  w_r in proportion to
///   p_r(before)
///
/// float32 on the CPU goes through blocks of samples by vector code, a block on one thread, so the
/// bits do not depend on the number of threads; anything else goes by draw_masked_plain.
Tensor draw_masked(const std::vector<DegreeOrdered>& sets, const Tensor& uniform,
                   double temperature);

/// The same by DegreeOrderedPass.
Tensor draw_masked_plain(const std::vector<DegreeOrdered>& sets, const Tensor& uniform,
                         double temperature);

}  // namespace kiln
