#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace kiln {

enum class OptimizerKind { adam, sgd, rmsprop };

inline std::vector<std::pair<OptimizerKind, std::string_view>> enum_names(OptimizerKind) {
  return {{OptimizerKind::adam, "adam"},
          {OptimizerKind::sgd, "sgd"},
          {OptimizerKind::rmsprop, "rmsprop"}};
}

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adam;
  double learning_rate = 1e-3;
  double beta1 = 0.9;    ///< Adam: decay of the first moment.
  double beta2 = 0.999;  ///< Adam: decay of the second moment; RMSprop: decay of the mean square.
  double epsilon = 1e-8;
  double momentum = 0.0;      ///< SGD.
  double weight_decay = 0.0;  ///< Added to the gradient as weight_decay * parameter.
};

}  // namespace kiln
