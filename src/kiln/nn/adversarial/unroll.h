#pragma once

#include <functional>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

enum class InnerRule { sgd, adam };
std::vector<std::pair<InnerRule, std::string_view>> enum_names(InnerRule);

struct UnrollOptions {
  std::int64_t steps = 0;  ///< K.
  InnerRule rule = InnerRule::adam;
  double learning_rate = 1e-4;
  double beta1 = .5, beta2 = .999, epsilon = 1e-8;  ///< Of Adam.
  /// Whether the steps depend on the generator. False: its gradient takes the critic K steps ahead
  /// as it is.
  bool second_order = true;
};

/// Adam's moments of a critic and how many gradients they hold.
struct InnerMoments {
  std::vector<Tensor> first = {}, second = {};
  std::int64_t count = 0;
};

/// What the critic lowers, given its parameters.
using InnerLoss = std::function<Tensor(const std::vector<Tensor>& parameters)>;

/// theta^K, the critic after K of its own steps, as a function of whatever the loss depends on.
/// Metz, Poole, Pfau & Sohl-Dickstein 2017, arXiv:1611.02163, section 2.2:
///
///   theta^0 = theta, theta^{k+1} = theta^k - rate * update(d loss(theta^k) / d theta^k)
///
/// With second_order the result has a graph through every step, Adam's moments included; memory
/// grows as K.  The parameters themselves stay as they are.  Adam starts from `moments`, zeros
/// where there are none, and if `first_gradient` is given it takes the gradient at theta^0, without
/// graph. Differs from Adam elsewhere in Kiln: epsilon^2 stands under the root, so that the root
/// has a slope.
std::vector<Tensor> unrolled(const std::vector<Tensor>& parameters, const InnerLoss& loss,
                             const UnrollOptions& options, const InnerMoments& moments = {},
                             std::vector<Tensor>* first_gradient = nullptr);

}  // namespace kiln
