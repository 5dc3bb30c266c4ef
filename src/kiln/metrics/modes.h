#pragma once

#include <cstdint>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// How samples spread over the Gaussian modes of a known mixture on the plane.  A sample belongs to
/// its nearest mode; it is of high quality within three deviations of that mode's centre. Of the
/// true law 1 - exp(-4.5) = 98.9 % are.
struct ModeCoverage {
  std::int64_t modes = 0;    ///< Of the law.
  std::int64_t covered = 0;  ///< With at least one sample of high quality.
  double high_quality = 0;   ///< Share of the samples.
  /// KL(samples' modes || even), nats: sum over modes of s ln(s K), s the mode's share of the
  /// samples of high quality; NaN where there is none.  0 where all modes have equal shares, ln K
  /// where one has all. (K - 1) / (2 n) in expectation for n samples of the true law.
  double reverse_kl = 0;
  /// birthday_support() of those samples, two being equal that have the same mode: K for even modes
  /// and many samples, less where some are drawn more often.
  double birthday = 0;
  std::vector<std::int64_t> counts = {};  ///< Samples of high quality of each mode.
};

/// samples [N, 2], centres [K, 2], deviation of each Gaussian.  Metz et al. 2017, arXiv:1611.02163;
/// Srivastava et al. 2017, arXiv:1705.07761.
ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centres, double deviation);

/// The same of modes that have been recognised already, mode_of [N] int64 among `modes` of them:
/// every sample counts, high_quality is 1.
ModeCoverage mode_coverage(const Tensor& mode_of, std::int64_t modes);

/// How many different items a law seems to have, from how many pairs of `samples` draws are equal:
/// with P of the S (S - 1) / 2 pairs equal, S (S - 1) / (2 P).  Infinite without equal pairs.
/// Arora & Zhang 2017, arXiv:1706.08224.
double birthday_support(std::int64_t samples, std::int64_t equal_pairs);

}  // namespace kiln
