#include "kiln/kernels/bernoulli_rows.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/bernoulli_rows_simd.h"

namespace kiln {
namespace {

constexpr std::int64_t kRowsPerTask = 16;

simd::BernoulliRows rows_of(const Tensor& x, const Tensor& logits) {
  return {.x = x.data_ptr<float>(),
          .logits = logits.data_ptr<float>(),
          .items = static_cast<std::size_t>(x.size(0)),
          .dims = static_cast<std::size_t>(x.size(1))};
}

template <class Work>
void for_rows(std::int64_t rows, const Work& work) {
  at::parallel_for(0, rows, kRowsPerTask, [&](std::int64_t first, std::int64_t last) {
    work(static_cast<std::size_t>(first), static_cast<std::size_t>(last));
  });
}

struct BernoulliFunction : torch::autograd::Function<BernoulliFunction> {
  using Context = torch::autograd::AutogradContext;

  static Tensor forward(Context* context, const Tensor& x, const Tensor& logits) {
    auto shape = logits.sizes().vec();
    shape.pop_back();
    const auto log_prob = torch::empty(shape, logits.options());
    const auto rows = rows_of(x, logits);
    for_rows(log_prob.numel(), [&](std::size_t first, std::size_t last) {
      simd::bernoulli_log_prob(rows, first, last, log_prob.data_ptr<float>());
    });
    context->save_for_backward({x, logits});
    return log_prob;
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled())
      throw ConfigError("bernoulli_rows",
                        "the fused kernel has no second derivatives; use bernoulli_log_prob");
    const auto saved = context->get_saved_variables();
    const auto weight = gradients[0].contiguous();
    const auto gradient = torch::empty_like(saved[1]);
    const auto rows = rows_of(saved[0], saved[1]);
    for_rows(weight.numel(), [&](std::size_t first, std::size_t last) {
      simd::bernoulli_gradient(rows, weight.data_ptr<float>(), first, last,
                               gradient.data_ptr<float>());
    });
    return {Tensor(), gradient};
  }
};

bool is_plain(const Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == torch::kFloat32 && t.numel() > 0;
}

}  // namespace

Tensor bernoulli_rows(const Tensor& x, const Tensor& logits) {
  check_shape("bernoulli_rows", "x", x, {kAny, logits.size(-1)});
  if (logits.dim() < 2 || logits.size(-2) != x.size(0))
    check_shape("bernoulli_rows", "logits", logits, {x.size(0), x.size(1)});
  KILN_ASSERT(bernoulli_rows_serves(x, logits));
  return BernoulliFunction::apply(x.contiguous(), logits.contiguous());
}

bool bernoulli_rows_serves(const Tensor& x, const Tensor& logits) {
  return is_plain(x) && is_plain(logits) && !x.requires_grad();
}

}  // namespace kiln
