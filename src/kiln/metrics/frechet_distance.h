#pragma once

#include "kiln/metrics/feature_moments.h"

namespace kiln {

/// Squared 2-Wasserstein distance of the normal laws that have the moments m, C of two sets of
/// features. Dowson & Landau 1982; as a judge of samples: Heusel et al. 2017, arXiv:1706.08500:
///
///   |m_a - m_b|^2 + tr C_a + tr C_b - 2 tr (C_a C_b)^1/2
///
/// With the features of Inception-v3 it is the FID; with others it goes by another name.
/// Covariances may be singular, as those of fewer items than features are.  Exact to about 1e-10 of
/// the two traces; rounding may leave a set at a tiny negative distance from itself.  F features:
/// O(F^3). Throws ShapeError unless both sets have as many features, ConfigError for fewer than two
/// items.
double frechet_distance(const FeatureMoments& a, const FeatureMoments& b);

}  // namespace kiln
