#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

enum class PriorKind { gaussian, ring, swiss_roll, uniform };
std::vector<std::pair<PriorKind, std::string_view>> enum_names(PriorKind);

/// A law of codes that can be drawn from.  Makhzani et al. 2015, arXiv:1511.05644, section 2.3.
///
/// Shapes: B rows, J numbers in a code, M parts.  With the scale s:
///   gaussian    N(0, s^2 I)
///   uniform     each number uniform in [-2 s, 2 s]
///   ring        J = 2: M Gaussians with equal weights, one at each angle 2 pi m / M, at radius
///               2 s; deviation s/2 along the radius, s/5 across it
///   swiss_roll  J = 2: the spiral 3 s sqrt(t) (cos, sin)(4 pi sqrt(t)), t uniform in [0, 1), plus
///               noise of deviation s/20; part m is t in [m/M, (m + 1)/M)
class LatentPrior {
 public:
  /// Throws ConfigError, in the name of `owner`, for a ring or a swiss_roll with J other than 2.
  LatentPrior(std::string_view owner, PriorKind kind, std::int64_t code_size, double scale,
              std::int64_t parts);

  Tensor sample(std::int64_t count, Rng& rng) const;  ///< [count, J].
  /// u [..., J] uniform in (0, 1) -> z: the inverse distribution function, number by number. Throws
  /// ConfigError for ring and swiss_roll, whose numbers depend on each other.
  Tensor quantile(const Tensor& u) const;
  /// One draw from each part asked for: part [B] int64 -> [B, J].  Throws ConfigError for a law
  /// without parts, or a part out of range.
  Tensor sample_parts(const Tensor& part, Rng& rng) const;
  std::int64_t parts() const { return has_parts() ? parts_ : 0; }  ///< M; 0: none.

 private:
  bool has_parts() const { return kind_ == PriorKind::ring || kind_ == PriorKind::swiss_roll; }

  std::string owner_;
  PriorKind kind_;
  std::int64_t code_size_;
  double scale_;
  std::int64_t parts_;
};

}  // namespace kiln
