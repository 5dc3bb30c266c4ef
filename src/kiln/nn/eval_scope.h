#pragma once

#include <torch/nn/module.h>

namespace kiln {

/// Puts a module in evaluation mode (batch normalisation uses its running statistics and leaves
/// them alone) and, at the end of the scope, back as it was.  A module that is in it already is not
/// touched, so that several threads may judge one.
class EvalScope {
 public:
  explicit EvalScope(torch::nn::Module& module)
      : module_(module), was_training_(module.is_training()) {
    if (was_training_) module_.eval();
  }
  ~EvalScope() {
    if (was_training_) module_.train();
  }
  EvalScope(const EvalScope&) = delete;
  EvalScope& operator=(const EvalScope&) = delete;

 private:
  torch::nn::Module& module_;
  bool was_training_;
};

}  // namespace kiln
