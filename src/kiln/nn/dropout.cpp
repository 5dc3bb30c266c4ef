#include "kiln/nn/dropout.h"

#include <torch/types.h>

namespace kiln {

Tensor dropped(const Tensor& h, double share, Rng& rng) {
  const auto stays = rng.uniform(h.sizes()).ge(share).to(h.options());
  return h * stays / (1 - share);
}

}  // namespace kiln
