#include "kiln/nn/adversarial/unroll.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

namespace kiln {
namespace {

// One update with everything that it carries on.
class Inner {
 public:
  Inner(const UnrollOptions& options, const std::vector<Tensor>& parameters,
        const InnerMoments& moments)
      : options_(options), moments_(moments) {
    if (!moments_.first.empty()) return;
    for (const auto& parameter : parameters) {
      moments_.first.push_back(torch::zeros_like(parameter));
      moments_.second.push_back(torch::zeros_like(parameter));
    }
  }

  Tensor update(std::size_t i, const Tensor& slope) {
    if (options_.rule == InnerRule::sgd) return slope;
    const auto t = static_cast<double>(moments_.count + 1);
    const double b1 = options_.beta1, b2 = options_.beta2;
    auto &m = moments_.first[i], &v = moments_.second[i];
    m = b1 * m + (1 - b1) * slope;
    v = b2 * v + (1 - b2) * slope.square();
    const auto spread = v / (1 - std::pow(b2, t)) + options_.epsilon * options_.epsilon;
    return m / (1 - std::pow(b1, t)) / spread.sqrt();
  }
  void next() { ++moments_.count; }

 private:
  const UnrollOptions& options_;
  InnerMoments moments_;
};

}  // namespace

std::vector<std::pair<InnerRule, std::string_view>> enum_names(InnerRule) {
  return {{InnerRule::sgd, "sgd"}, {InnerRule::adam, "adam"}};
}

std::vector<Tensor> unrolled(const std::vector<Tensor>& parameters, const InnerLoss& loss,
                             const UnrollOptions& options, const InnerMoments& moments,
                             std::vector<Tensor>* first_gradient) {
  Inner inner(options, parameters, moments);
  auto theta = parameters;
  for (std::int64_t k = 0; k < options.steps; ++k) {
    auto slopes = torch::autograd::grad({loss(theta)}, theta, {}, /*retain_graph=*/true,
                                        /*create_graph=*/options.second_order);
    if (k == 0 && first_gradient)
      for (const auto& slope : slopes) first_gradient->push_back(slope.detach());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      theta[i] = theta[i] - options.learning_rate * inner.update(i, slopes[i]);
      if (!options.second_order) theta[i] = theta[i].detach().requires_grad_();
    }
    inner.next();
  }
  return theta;
}

}  // namespace kiln
