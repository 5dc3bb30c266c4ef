#include "kiln/train/optimizer.h"

#include <ATen/Parallel.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/kernels/optimizer_update.h"

namespace kiln {
namespace {

// The constants of one update, in the precision of the parameter.
template <class T>
struct Rule {
  T beta1, beta2, epsilon, momentum, decay, rate, correction;
};

template <class R>
R make_rule(const OptimizerOptions& o, double learning_rate, std::int64_t steps) {
  using T = decltype(R::rate);
  const auto t = static_cast<double>(steps);
  const bool adam = o.kind == OptimizerKind::adam;
  const double rate = adam ? learning_rate / (1 - std::pow(o.beta1, t)) : learning_rate;
  const double correction = adam ? 1 / (1 - std::pow(o.beta2, t)) : 1;
  return {T(o.beta1),        T(o.beta2), T(o.epsilon), T(o.momentum),
          T(o.weight_decay), T(rate),    T(correction)};
}

// The plain form, in float64.
void update_in_place(OptimizerKind kind, const Rule<double>& r, double* p, const double* gradient,
                     double* m, double* v, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double g = gradient[i] + r.decay * p[i];
    switch (kind) {
      case OptimizerKind::adam:
        m[i] = r.beta1 * m[i] + (1 - r.beta1) * g;
        v[i] = r.beta2 * v[i] + (1 - r.beta2) * g * g;
        p[i] -= r.rate * m[i] / (std::sqrt(v[i] * r.correction) + r.epsilon);
        break;
      case OptimizerKind::sgd:
        m[i] = r.momentum * m[i] + g;
        p[i] -= r.rate * m[i];
        break;
      case OptimizerKind::rmsprop:
        v[i] = r.beta2 * v[i] + (1 - r.beta2) * g * g;
        p[i] -= r.rate * g / (std::sqrt(v[i]) + r.epsilon);
        break;
    }
  }
}

void update_in_place(OptimizerKind kind, const simd::UpdateRule& r, float* p, const float* gradient,
                     float* m, float* v, std::size_t n) {
  const simd::Parameters parameters{.values = p, .shared = at::get_num_threads() > 1};
  switch (kind) {
    case OptimizerKind::adam:
      return simd::adam_update(r, parameters, gradient, m, v, n);
    case OptimizerKind::sgd:
      return simd::sgd_update(r, parameters, gradient, m, n);
    case OptimizerKind::rmsprop:
      return simd::rmsprop_update(r, parameters, gradient, v, n);
  }
}

// By tensor operations: any device, any layout.
void update_by_tensors(const OptimizerOptions& o, const Rule<double>& r, Tensor& p,
                       const Tensor& gradient, Tensor& m, Tensor& v) {
  const auto g = gradient + r.decay * p;
  if (o.kind == OptimizerKind::sgd) {
    m.mul_(r.momentum).add_(g);
    p.sub_(m, r.rate);
    return;
  }
  v.mul_(r.beta2).addcmul_(g, g, 1 - r.beta2);
  const auto scale = (v * r.correction).sqrt_().add_(r.epsilon);
  if (o.kind == OptimizerKind::adam) m.mul_(r.beta1).add_(g, 1 - r.beta1);
  p.addcdiv_(o.kind == OptimizerKind::adam ? m : g, scale, -r.rate);
}

template <class R, class T>
void update_in_parts(const OptimizerOptions& o, const R& rule, Tensor& p, const Tensor& gradient,
                     const Tensor& m, const Tensor& v) {
  auto *values = p.data_ptr<T>(), *first = m.defined() ? m.data_ptr<T>() : nullptr,
       *second = v.defined() ? v.data_ptr<T>() : nullptr;
  const auto* g = gradient.data_ptr<T>();
  at::parallel_for(0, p.numel(), 32768, [&](std::int64_t begin, std::int64_t end) {
    update_in_place(o.kind, rule, values + begin, g + begin, first ? first + begin : nullptr,
                    second ? second + begin : nullptr, static_cast<std::size_t>(end - begin));
  });
}

}  // namespace

Optimizer::Optimizer(std::vector<NamedTensor> parameters, const OptimizerOptions& options)
    : options_(options) {
  for (auto& [name, parameter] : parameters) {
    Slot slot{.name = name, .parameter = parameter, .first = {}, .second = {}};
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
    if (gradients[i].defined())
      update(slots_[i], gradients[i], learning_rate);
    else
      ++slots_[i].missed;
}

std::map<std::string, std::int64_t> Optimizer::missed() const {
  std::map<std::string, std::int64_t> list;
  for (const auto& slot : slots_)
    if (slot.missed > 0) list[slot.name] = slot.missed;
  return list;
}

void Optimizer::forget() {
  torch::NoGradGuard no_grad;
  for (auto& moment : state()) moment.tensor.zero_();
  set_steps(0);
}

void Optimizer::set_steps(std::int64_t steps, const std::map<std::string, std::int64_t>& missed) {
  steps_ = steps;
  for (auto& slot : slots_) {
    const auto found = missed.find(slot.name);
    slot.missed = found == missed.end() ? 0 : found->second;
  }
}

void Optimizer::update(Slot& slot, const Tensor& given, double learning_rate) const {
  auto& p = slot.parameter;
  const auto type = p.scalar_type();
  const bool same_layout = given.strides() == p.strides() && given.scalar_type() == type;
  const auto gradient = same_layout ? given : torch::empty_like(p).copy_(given);
  const auto updates = steps_ - slot.missed;
  const auto rule = make_rule<Rule<double>>(options_, learning_rate, updates);
  const bool flat = p.device().is_cpu() && p.is_non_overlapping_and_dense();
  if (flat && type == torch::kFloat32)
    update_in_parts<simd::UpdateRule, float>(
        options_, make_rule<simd::UpdateRule>(options_, learning_rate, updates), p, gradient,
        slot.first, slot.second);
  else if (flat && type == torch::kFloat64)
    update_in_parts<Rule<double>, double>(options_, rule, p, gradient, slot.first, slot.second);
  else
    return update_by_tensors(options_, rule, p, gradient, slot.first, slot.second);
  p.unsafeGetTensorImpl()->bump_version();  // it was written to behind LibTorch's back
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
