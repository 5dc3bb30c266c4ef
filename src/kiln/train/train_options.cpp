#include "kiln/train/train_options.h"

namespace kiln {

OptimizerOptions override_optimizer(OptimizerOptions own, const TrainOptions& options) {
  if (options.optimizer) own.kind = *options.optimizer;
  if (options.learning_rate) own.learning_rate = *options.learning_rate;
  if (options.beta1) own.beta1 = *options.beta1;
  if (options.beta2) own.beta2 = *options.beta2;
  if (options.momentum) own.momentum = *options.momentum;
  if (options.weight_decay) own.weight_decay = *options.weight_decay;
  return own;
}

}  // namespace kiln
