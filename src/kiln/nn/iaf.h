#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include "kiln/nn/masked_network.h"
#include "kiln/nn/planar_flow.h"

namespace kiln {

/// One step of an inverse autoregressive flow.  Kingma et al. 2016, arXiv:1606.04934, eq. (10) to
/// (14) in the gated form:
///
///   [m, s] = AR(z, h),   sigma = sigmoid(s),   z' = sigma z + (1 - sigma) m
///
/// AR is a masked network with one hidden layer of ReLU units, to which the context is added:
/// (m_j, s_j) see the context and the numbers of z before j in the step's order, so the Jacobian is
/// triangular with sigma on its diagonal.  One unit in J sees the context alone: through these it
/// reaches the first number too.  s starts near 1.5, so the step starts as nearly the
/// identity.
class IafStepImpl : public torch::nn::Module {
 public:
  /// J >= 2 latents; `reversed`: the last number of z comes first.
  IafStepImpl(std::int64_t latent, std::int64_t hidden, bool reversed);

  /// z [..., B, J], context [B, hidden] -> as z, and sum_j log sigma_j.
  FlowResult forward(const Tensor& z, const Tensor& context);

 private:
  Degrees degrees_;
  torch::nn::Linear input_, mean_, gate_;
};
TORCH_MODULE(IafStep);

}  // namespace kiln
