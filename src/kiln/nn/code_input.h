#pragma once

#include <torch/nn/module.h>

#include "kiln/core/rng.h"
#include "kiln/nn/standardiser.h"

namespace kiln {

/// Codes as a network takes them: each of the J numbers less its mean over the training items, by
/// its deviation there.  It keeps some of those codes, to draw from where none is given.
class CodeInputImpl : public torch::nn::Module {
 public:
  static constexpr std::int64_t kKept = 1024;

  explicit CodeInputImpl(std::int64_t size);

  std::int64_t size() const { return kept_.size(1); }  ///< J.
  /// [N, J] of the training items, N > 0.  A number that does not vary is left as large as it is.
  void start_from(const Tensor& codes);
  /// [B, J] -> [B, J].  Throws ShapeError for other shapes and fewer or more than `items` rows,
  /// ConfigError for codes a million deviations away.
  Tensor forward(const Tensor& codes, std::int64_t items) const;
  /// [count, J]: codes of training items, each kept one as likely; 0 before start_from().
  Tensor drawn(std::int64_t count, Rng& rng) const;

 private:
  NumberScale scale_;  // buffers mean and deviation
  Tensor kept_;        // [kKept, J]
};
TORCH_MODULE(CodeInput);

}  // namespace kiln
