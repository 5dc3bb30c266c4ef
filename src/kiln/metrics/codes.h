#pragma once

#include <vector>

#include "kiln/data/loader.h"
#include "kiln/models/model.h"

namespace kiln {

/// Codes of N items and their classes.
struct LabelledCodes {
  Tensor z;  ///< [N, J] float32 on the CPU.
  Tensor y;  ///< [N] int64; undefined when the source has no labels.
};

/// encode_mean, or with `draws` encode_draw, of every item that `loader` still gives (repeat =
/// false), in order; no gradient.  Holds the codes and one batch in memory.  Throws ShapeError if
/// the codes are not [B, J].
LabelledCodes encode_items(Encoder& encoder, Loader& loader, torch::Device device,
                           Rng* draws = nullptr);

/// Mean of the codes of one class, [J] float64, for arithmetic on codes: Mikolov et al. 2013;
/// Radford et al. 2015, arXiv:1511.06434.  Throws ConfigError where no item has the class.
Tensor mean_code(const LabelledCodes& codes, std::int64_t label);

/// The way from what is to be taken away to what is to be added: the sum of the mean codes `plus`
/// less the sum of `minus`, [J].  At least one of both.
Tensor code_direction(const std::vector<Tensor>& plus, const std::vector<Tensor>& minus);

/// Codes as a person can see them: themselves when J = 2, else their first two principal
/// components.
struct CodePlane {
  Tensor points;  ///< [N, 2] float64.
  /// Of the codes' whole variance, in the two directions; both 0 when J < 3.
  double first_share = 0, second_share = 0;
  Tensor centre, directions;  ///< [J] and [J, 2] float64; undefined when J < 3.

  Tensor place(const Tensor& z) const;  ///< Other codes on the same plane: [N, J] -> [N, 2].
};

/// z [N, J].  A single latent is drawn over 0.  Principal directions are eigenvectors of the
/// covariance in float64, each with its largest entry positive, so that equal codes give equal
/// pictures.
CodePlane code_plane(const Tensor& z);

}  // namespace kiln
