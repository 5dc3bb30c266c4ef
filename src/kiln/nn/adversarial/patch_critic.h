#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// What stands between its layers.  Instance normalisation takes away how bright and of which
/// colour a picture is as a whole, so such a critic cannot ask for it.
enum class PatchNorm { none, instance };
std::vector<std::pair<PatchNorm, std::string_view>> enum_names(PatchNorm);

struct PatchCriticOptions {
  std::int64_t channels = 3;  ///< Of a picture, or of both of a pair.
  std::int64_t filters = 64;
  PatchNorm norm = PatchNorm::instance;
  std::int64_t halvings = 3;  ///< Layers of stride 2; 3: every logit sees 70 x 70 pixels.
};

/// A critic of patches, the PatchGAN discriminator: x [B, C, H, W] -> log-odds [B, 1, h, w], each
/// of the square of pixels that it sees.  4 x 4 convolutions, leaky ReLUs of slope 0.2; filters
/// double up to 8 times the first; instance normalisation, or none, but next to the picture, so
/// that no logit depends on other items.  Isola et al. 2017, arXiv:1611.07004, section 3.2.2.
torch::nn::Sequential make_patch_critic(const PatchCriticOptions& options);

/// Pixels a side that one logit sees: 16, 34, 70, 142 for 1, 2, 3, 4 halvings.
std::int64_t patch_side(std::int64_t halvings);

/// The sides of the map of logits of a picture `side` pixels wide; 0 or less: it is too small.
std::int64_t patch_map_side(std::int64_t side, std::int64_t halvings);

}  // namespace kiln
