#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/prob/f_divergence.h"

namespace kiln {

/// What the two sides of a GAN lower, given the critic's outputs a(x), real numbers without a
/// limit; sigma is the logistic function.  Means over a batch.
///
///   name            critic's loss                                 generator's loss
///   minimax         -log sigma(a_r) - log(1 - sigma(a_f))         log(1 - sigma(a_f))
///   nonsaturating   the same                                      -log sigma(a_f)
///   least_squares   (a_r - 1)^2 / 2 + a_f^2 / 2                   (a_f - 1)^2 / 2
///   hinge           max(0, 1 - a_r) + max(0, 1 + a_f)             -a_f
///   wasserstein     a_f - a_r                                     -a_f
///   wasserstein_gp  the same, and a gradient penalty              -a_f
///   f:NAME          -g_f(a_r) + f*(g_f(a_f))                      -g_f(a_f)
///
/// arXiv:1406.2661 (minimax and section 3's other loss), 1611.04076 (least squares, coded 0 and 1),
/// 1705.02894 (hinge), 1701.07875, 1704.00028, and 1606.00709, where the generator's loss is that
/// of section 3.2; its minimax loss would be -f*(g_f(a_f)).
class AdversarialObjective {
 public:
  enum class Kind { minimax, nonsaturating, least_squares, hinge, wasserstein, wasserstein_gp, f };

  /// Throws ConfigError with `where` for a name that is none.
  static AdversarialObjective parse(std::string_view where, const std::string& name);
  static std::vector<std::string> names();  ///< f:NAME last.

  Kind kind() const { return kind_; }
  Tensor critic_loss(const Tensor& real, const Tensor& fake) const;  ///< Outputs [B] -> [].
  Tensor generator_loss(const Tensor& fake) const;                   ///< Outputs [B] -> [].

  /// Larger is more like the data, 0 where the best critic sees p = q: [B] -> [B]. The log-odds for
  /// minimax, nonsaturating and f:gan.
  Tensor realness(const Tensor& output) const;

  /// The output of the best critic where log p(x) - log q(x) is `log_ratio`.  For f:NAME it is the
  /// value T = f'(p/q), which is g_f of the output.  Nothing for the two Wasserstein objectives:
  /// there it depends on more than the ratio.
  std::optional<double> optimum(double log_ratio) const;

  bool needs_lipschitz() const { return kind_ >= Kind::wasserstein && kind_ != Kind::f; }

 private:
  Kind kind_ = Kind::nonsaturating;
  std::optional<FDivergence> f_;
};

}  // namespace kiln
