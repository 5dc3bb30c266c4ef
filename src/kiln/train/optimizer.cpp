#include "kiln/train/optimizer.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>

namespace kiln {
namespace {

// The constants of one update, in the precision of the parameter.
template <class T>
struct Rule {
  T beta1, beta2, epsilon, momentum, decay, rate, correction;
};

template <class T>
Rule<T> make_rule(const OptimizerOptions& o, double learning_rate, std::int64_t steps) {
  const auto t = static_cast<double>(steps);
  const bool adam = o.kind == OptimizerKind::adam;
  const double rate = adam ? learning_rate / (1 - std::pow(o.beta1, t)) : learning_rate;
  const double correction = adam ? 1 / (1 - std::pow(o.beta2, t)) : 1;
  return {T(o.beta1),        T(o.beta2), T(o.epsilon), T(o.momentum),
          T(o.weight_decay), T(rate),    T(correction)};
}

// One pass over memory: the update is bound by bandwidth, so nothing is read twice.
template <class T>
void update_in_place(OptimizerKind kind, const Rule<T>& r, T* p, const T* gradient, T* m, T* v,
                     std::int64_t begin, std::int64_t end) {
  switch (kind) {
    case OptimizerKind::adam:
      for (std::int64_t i = begin; i < end; ++i) {
        const T g = gradient[i] + r.decay * p[i];
        m[i] = r.beta1 * m[i] + (1 - r.beta1) * g;
        v[i] = r.beta2 * v[i] + (1 - r.beta2) * g * g;
        p[i] -= r.rate * m[i] / (std::sqrt(v[i] * r.correction) + r.epsilon);
      }
      return;
    case OptimizerKind::sgd:
      for (std::int64_t i = begin; i < end; ++i) {
        m[i] = r.momentum * m[i] + gradient[i] + r.decay * p[i];
        p[i] -= r.rate * m[i];
      }
      return;
    case OptimizerKind::rmsprop:
      for (std::int64_t i = begin; i < end; ++i) {
        const T g = gradient[i] + r.decay * p[i];
        v[i] = r.beta2 * v[i] + (1 - r.beta2) * g * g;
        p[i] -= r.rate * g / (std::sqrt(v[i]) + r.epsilon);
      }
      return;
  }
}

}  // namespace

Optimizer::Optimizer(std::vector<NamedTensor> parameters, const OptimizerOptions& options)
    : options_(options) {
  for (auto& [name, parameter] : parameters) {
    Slot slot{name, parameter, {}, {}};
    if (options.kind != OptimizerKind::rmsprop) slot.first = torch::zeros_like(parameter.detach());
    if (options.kind != OptimizerKind::sgd) slot.second = torch::zeros_like(parameter.detach());
    slots_.push_back(std::move(slot));
  }
}

void Optimizer::step(const std::vector<Tensor>& gradients, double learning_rate) {
  torch::NoGradGuard no_grad;
  KILN_ASSERT(gradients.size() == slots_.size());
  ++steps_;
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (gradients[i].defined()) update(slots_[i], gradients[i], learning_rate);
}

void Optimizer::update(Slot& slot, const Tensor& given, double learning_rate) const {
  auto& p = slot.parameter;
  const bool same_layout = given.strides() == p.strides() && given.scalar_type() == p.scalar_type();
  const auto gradient = same_layout ? given : torch::empty_like(p).copy_(given);
  if (!p.device().is_cpu() || !p.is_non_overlapping_and_dense()) {
    const auto r = make_rule<double>(options_, learning_rate, steps_);
    const auto g = gradient + r.decay * p;
    if (options_.kind == OptimizerKind::sgd) {
      slot.first.mul_(r.momentum).add_(g);
      p.sub_(slot.first, r.rate);
      return;
    }
    slot.second.mul_(r.beta2).addcmul_(g, g, 1 - r.beta2);
    const auto scale = (slot.second * r.correction).sqrt_().add_(r.epsilon);
    if (options_.kind == OptimizerKind::adam) slot.first.mul_(r.beta1).add_(g, 1 - r.beta1);
    p.addcdiv_(options_.kind == OptimizerKind::adam ? slot.first : g, scale, -r.rate);
    return;
  }
  AT_DISPATCH_FLOATING_TYPES(p.scalar_type(), "optimizer", [&] {
    const auto rule = make_rule<scalar_t>(options_, learning_rate, steps_);
    auto* values = p.data_ptr<scalar_t>();
    auto* first = slot.first.defined() ? slot.first.data_ptr<scalar_t>() : nullptr;
    auto* second = slot.second.defined() ? slot.second.data_ptr<scalar_t>() : nullptr;
    const auto* g = gradient.template data_ptr<scalar_t>();
    at::parallel_for(0, p.numel(), 32768, [&](std::int64_t begin, std::int64_t end) {
      update_in_place<scalar_t>(options_.kind, rule, values, g, first, second, begin, end);
    });
  });
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> list;
  for (const auto& slot : slots_) {
    if (slot.first.defined()) list.push_back({slot.name + "/first", slot.first});
    if (slot.second.defined()) list.push_back({slot.name + "/second", slot.second});
  }
  return list;
}

}  // namespace kiln
