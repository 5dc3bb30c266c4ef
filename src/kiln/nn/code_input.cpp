#include "kiln/nn/code_input.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr double kMost = 1e6;  // deviations: far beyond any code, far below what float32 holds

}  // namespace

CodeInputImpl::CodeInputImpl(std::int64_t size)
    : scale_{register_buffer("mean", torch::zeros({size})),
             register_buffer("deviation", torch::ones({size}))},
      kept_(register_buffer("kept", torch::zeros({kKept, size}))) {}

void CodeInputImpl::start_from(const Tensor& codes) {
  check_shape("code_input", "codes", codes, {kAny, size()});
  torch::NoGradGuard no_grad;
  const auto found = scale_of_items("code_input", codes);
  scale_.shift.copy_(found.shift);
  scale_.scale.copy_(found.scale);
  const auto evenly = torch::arange(kKept).mul(codes.size(0)).div(kKept, "floor");
  kept_.copy_(codes.index_select(0, evenly.to(codes.device())));
}

Tensor CodeInputImpl::forward(const Tensor& codes, std::int64_t items) const {
  check_shape("code_input", "code", codes, {items, size()});
  const auto standardised = scale_.standard(codes.to(kept_.options()));
  if (items > 0 && !(standardised.abs().max().item<double>() < kMost))  // nor NaN
    throw ConfigError("code", fmt::format("must lie within {:g} deviations of the training items' "
                                          "codes",
                                          kMost));
  return standardised;
}

Tensor CodeInputImpl::drawn(std::int64_t count, Rng& rng) const {
  return kept_.index_select(0, rng.integers(kKept, {count}).to(kept_.device()));
}

}  // namespace kiln
