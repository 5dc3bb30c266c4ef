#include "kiln/nn/code_critic.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

namespace kiln {

torch::nn::Sequential make_code_critic(std::int64_t inputs, std::int64_t hidden,
                                       std::int64_t layers) {
  torch::nn::Sequential net;
  for (std::int64_t i = 0; i < layers; ++i) {
    net->push_back(torch::nn::Linear(i == 0 ? inputs : hidden, hidden));
    net->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
  }
  net->push_back(torch::nn::Linear(hidden, 1));
  return net;
}

Tensor critic_log_loss(const Tensor& real_logits, const Tensor& fake_logits) {
  return -at::log_sigmoid(real_logits).mean() - at::log_sigmoid(-fake_logits).mean();
}

Tensor non_saturating_loss(const Tensor& fake_logits) {
  return -at::log_sigmoid(fake_logits).mean();
}

}  // namespace kiln
