#include "kiln/nn/adversarial/dense_unroll.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/nn/adversarial/dense_pass.h"

namespace kiln {
namespace {

Tensor flat(const std::vector<Tensor>& list) {
  std::vector<Tensor> parts;
  for (const auto& tensor : list) parts.push_back(tensor.detach().flatten());
  return at::cat(parts);
}

// The critic's rule on all weights at once, theta' = theta - rate * update(slope), and the way back
// through it.  Adam with t = 1, 2, ..., c1 = 1 - beta1^t and c2 = 1 - beta2^t:
//
//   m' = beta1 m + (1 - beta1) g,  v' = beta2 v + (1 - beta2) g^2
//   root = sqrt(v' / c2 + epsilon^2),  update = m' / (c1 root)
class Inner {
 public:
  Inner(const UnrollOptions& options, const InnerMoments& moments, const Tensor& theta)
      : options_(options), count_(moments.count) {
    if (options.rule == InnerRule::sgd) return;
    m_ = moments.first.empty() ? at::zeros_like(theta) : flat(moments.first);
    v_ = moments.second.empty() ? at::zeros_like(theta) : flat(moments.second);
  }

  Tensor step(const Tensor& theta, const Tensor& slope) {
    if (options_.rule == InnerRule::sgd) return theta.sub(slope, options_.learning_rate);
    ++count_;
    m_.mul_(options_.beta1).add_(slope, 1 - options_.beta1);
    v_.mul_(options_.beta2).addcmul_(slope, slope, 1 - options_.beta2);
    const auto root = v_.div(c2()).add_(options_.epsilon * options_.epsilon).sqrt_();
    const auto update = m_.div(c1()).div_(root);
    if (options_.second_order) tape_.push_back({slope, root, update});
    return theta.sub(update, options_.learning_rate);
  }

  // From the adjoint of the latest step's theta' to that of its slope; forgets the step.
  Tensor back(const Tensor& adjoint) {
    if (options_.rule == InnerRule::sgd) return adjoint * -options_.learning_rate;
    const auto [slope, root, update] = tape_.back();
    tape_.pop_back();
    const auto mean = adjoint.div(root).mul_(-options_.learning_rate);  // of m' / c1
    if (!m_adjoint_.defined()) m_adjoint_ = at::zeros_like(mean), v_adjoint_ = at::zeros_like(mean);
    m_adjoint_.add_(mean, 1 / c1());
    v_adjoint_.addcmul_(mean, update.div(root), -.5 / c2());
    auto result = slope.mul(v_adjoint_).mul_(2 * (1 - options_.beta2));
    result.add_(m_adjoint_, 1 - options_.beta1);
    m_adjoint_.mul_(options_.beta1);
    v_adjoint_.mul_(options_.beta2);
    --count_;
    return result;
  }

 private:
  struct Step {
    Tensor slope, root, update;
  };
  double c1() const { return 1 - std::pow(options_.beta1, static_cast<double>(count_)); }
  double c2() const { return 1 - std::pow(options_.beta2, static_cast<double>(count_)); }

  const UnrollOptions& options_;
  std::int64_t count_;
  Tensor m_, v_, m_adjoint_, v_adjoint_;
  std::vector<Step> tape_;
};

struct LossAndGradient {
  Tensor loss, gradient;
};

// By the critic's outputs; the derivatives of losses by outputs are LibTorch's.
LossAndGradient generator_game(const AdversarialObjective& objective, const Tensor& outputs) {
  const torch::AutoGradMode grad(true);
  const auto at = outputs.detach().requires_grad_();
  const auto loss = objective.generator_loss(at);
  return {loss.detach(), torch::autograd::grad({loss}, {at})[0]};
}

// The critic's game on outputs [..., N + B], the real ones first.
class CriticGame {
 public:
  CriticGame(const AdversarialObjective& objective, std::int64_t real)
      : objective_(objective), real_(real) {}

  Tensor slopes(const Tensor& outputs) const {
    const torch::AutoGradMode grad(true);
    const auto at = leaves(outputs);
    return at::cat(torch::autograd::grad({objective_.critic_loss(at[0], at[1])}, at), -1);
  }

  // Second derivatives of `count` batches' losses, outputs [count, N + B]: a loss is a mean of
  // functions of one output each, so the sum of all slopes has them for its gradient.
  Tensor curvatures(const Tensor& outputs) const {
    const torch::AutoGradMode grad(true);
    const auto at = leaves(outputs);
    const auto loss = objective_.critic_loss(at[0], at[1]) * outputs.size(0);
    const auto slopes = torch::autograd::grad({loss}, at, {}, true, /*create_graph=*/true);
    std::vector<Tensor> list;
    for (std::size_t i = 0; i < at.size(); ++i)
      list.push_back(slopes[i].requires_grad() ? gradient_of_sum(slopes[i], at[i])
                                               : at::zeros_like(at[i]));
    return at::cat(list, -1);
  }

 private:
  std::vector<Tensor> leaves(const Tensor& outputs) const {
    const auto side = [&](std::int64_t from, std::int64_t count) {
      return outputs.narrow(-1, from, count).detach().requires_grad_();
    };
    return {side(0, real_), side(real_, outputs.size(-1) - real_)};
  }
  static Tensor gradient_of_sum(const Tensor& values, const Tensor& at) {
    const auto by = torch::autograd::grad({values.sum()}, {at}, {}, true, false, true)[0];
    return by.defined() ? by : at::zeros_like(at);
  }

  const AdversarialObjective& objective_;
  std::int64_t real_;
};

// K steps ahead and the way back.
class Lookahead {
 public:
  Lookahead(const DenseCritic& critic, const AdversarialObjective& objective, const Tensor& real,
            const Tensor& fake, const UnrollOptions& options, const InnerMoments& moments)
      : objective_(objective),
        options_(options),
        game_(objective, real.size(0)),
        shapes_(critic.parameters()),
        slope_(critic.slope()),
        x_(at::cat({real.detach(), fake.detach()})),
        fake_(fake.detach().contiguous()),
        theta_(flat(shapes_)),
        inner_(options, moments, theta_) {}

  // d loss / d theta^0.
  std::vector<Tensor> first_gradient() const { return in_shapes_of(shapes_, first_); }

  // f_K and its gradient by the fakes.
  LossAndGradient run() {
    for (std::int64_t k = 0; k < options_.steps; ++k) step(k == 0);
    DensePass last(in_shapes_of(shapes_, theta_), slope_, fake_);
    const auto [loss, slopes] = generator_game(objective_, last.outputs());
    const auto adjoint = last.gradient(slopes);
    const auto gradient = last.input_gradient();
    back(adjoint, gradient);
    return {loss, gradient};
  }

 private:
  void step(bool first) {
    DensePass pass(in_shapes_of(shapes_, theta_), slope_, x_);
    const auto gradient = pass.gradient(game_.slopes(pass.outputs()));
    if (first) first_ = gradient;
    theta_ = inner_.step(theta_, gradient);
    if (options_.second_order) passes_.push_back(std::move(pass));
  }

  // The adjoint of theta^K becomes that of theta^0; nothing where no pass was kept.
  void back(const Tensor& adjoint, const Tensor& gradient) {
    if (passes_.empty()) return;
    std::vector<Tensor> outputs;
    for (const auto& pass : passes_) outputs.push_back(pass.outputs());
    const auto curvatures = game_.curvatures(at::stack(outputs));
    for (auto k = passes_.size(); k-- > 0;) {
      const auto by = passes_[k].times_hessian(
          inner_.back(adjoint), curvatures[static_cast<std::int64_t>(k)], fake_.size(0));
      adjoint.add_(by.weights);
      gradient.add_(by.inputs);
      passes_.pop_back();
    }
  }

  const AdversarialObjective& objective_;
  const UnrollOptions& options_;
  CriticGame game_;
  std::vector<Tensor> shapes_;
  double slope_;
  Tensor x_, fake_, theta_, first_;
  Inner inner_;
  std::vector<DensePass> passes_;
};

struct UnrolledFunction : torch::autograd::Function<UnrolledFunction> {
  using Context = torch::autograd::AutogradContext;
  using Tensors = torch::autograd::variable_list;

  static Tensor forward(Context* context, const Tensor&, const LossAndGradient& f) {
    context->save_for_backward({f.gradient});
    return f.loss;
  }
  static Tensors backward(Context* context, Tensors upper) {
    if (at::GradMode::is_enabled())
      throw ConfigError("unrolled_loss",
                        "the steps by hand have no second derivatives; use unrolled_loss_plain");
    return {upper[0] * context->get_saved_variables()[0], Tensor()};
  }
};

}  // namespace

UnrolledLoss unrolled_loss(const CriticNetwork& critic, const AdversarialObjective& objective,
                           const UnrolledBatch& batch, const UnrollOptions& options,
                           const InnerMoments& moments) {
  const auto* dense = dynamic_cast<const DenseCritic*>(&critic);
  if (!dense || !dense->is_plain())
    return unrolled_loss_plain(critic, objective, batch, options, moments);
  const auto real = dense->input(batch.real, batch.y), fake = dense->input(batch.fake, batch.y);
  check_shape("unrolled_loss", "real", real, {kAny, dense->inputs()});
  check_shape("unrolled_loss", "fake", fake, {kAny, dense->inputs()});
  LossAndGradient f;
  UnrolledLoss result;
  {
    const torch::NoGradGuard no_grad;
    Lookahead ahead(*dense, objective, real, fake, options, moments);
    f = ahead.run();
    if (options.steps > 0) result.first_gradient = ahead.first_gradient();
  }
  result.loss = UnrolledFunction::apply(fake, f);
  return result;
}

UnrolledLoss unrolled_loss_plain(const CriticNetwork& critic, const AdversarialObjective& objective,
                                 const UnrolledBatch& batch, const UnrollOptions& options,
                                 const InnerMoments& moments) {
  UnrolledLoss result;
  const auto outputs = [&](const std::vector<Tensor>& theta, const Tensor& x) {
    return critic.apply(theta, x, batch.y);
  };
  const auto loss = [&](const std::vector<Tensor>& theta) {
    return objective.critic_loss(outputs(theta, batch.real), outputs(theta, batch.fake));
  };
  const auto theta = unrolled(critic.parameters(), loss, options, moments, &result.first_gradient);
  result.loss = objective.generator_loss(outputs(theta, batch.fake));
  return result;
}

}  // namespace kiln
