#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// What a generator lowers before several critics.  Durugkar, Gemp & Mahadevan 2017,
/// arXiv:1611.01673, sections 3.1 and 4.
enum class CriticMix {
  mean,     ///< Every critic counts the same.
  max,      ///< The one that it fails most.
  softmax,  ///< sum_i w_i L_i, w_i ~ exp(sharpness L_i): between both.
};
std::vector<std::pair<CriticMix, std::string_view>> enum_names(CriticMix);

/// The generator's losses before N critics, [N] -> [].  Sharpness 0 is the mean, a large one the
/// maximum.  The softmax's weights count as fixed: each critic pulls with its own share, and none
/// pushes back.
Tensor mixed_loss(const Tensor& losses, CriticMix mix, double sharpness);

}  // namespace kiln
