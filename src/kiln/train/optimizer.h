#pragma once

#include <map>
#include <string>
#include <vector>

#include "kiln/models/model.h"

namespace kiln {

/// Moves one player's parameters by its gradients.  Every rule is elementwise, so the bits do not
/// depend on the threads.
///
/// - adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
///   p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).  arXiv:1412.6980.
/// - sgd: m = momentum m + g, p -= lr m.
/// - rmsprop: v = b2 v + (1 - b2) g^2, p -= lr g / (sqrt(v) + eps).
///
/// With weight decay, g is gradient + weight_decay * p.
class Optimizer {
 public:
  /// Keeps references to the parameters' storage.
  Optimizer(std::vector<NamedTensor> parameters, const OptimizerOptions& options);

  /// One update; an undefined gradient leaves its parameter as it is, and t counts the updates of
  /// each parameter.  gradients[i] belongs to parameters[i].  A graph that was built before cannot
  /// be gone back through afterwards: LibTorch throws.
  void step(const std::vector<Tensor>& gradients, double learning_rate);

  const OptimizerOptions& options() const { return options_; }
  std::int64_t steps() const { return steps_; }
  /// Updates that parameters went without, by name; those that had all are left out.
  std::map<std::string, std::int64_t> missed() const;
  void forget();  ///< Moments and counts of updates are those of the beginning.
  void set_steps(std::int64_t steps, const std::map<std::string, std::int64_t>& missed = {});

  /// The moments, named "PARAMETER/first" and "PARAMETER/second": the tensors themselves, so that
  /// restoring copies into them.
  std::vector<NamedTensor> state() const;

 private:
  struct Slot {
    std::string name;
    Tensor parameter, first, second;
    std::int64_t missed = 0;
  };
  void update(Slot& slot, const Tensor& gradient, double learning_rate) const;

  OptimizerOptions options_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

}  // namespace kiln
