#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "kiln/core/tensor.h"

namespace kiln {

/// What a draw is conditioned on.
struct Given {
  Tensor labels;  ///< Classes, int64: [] for all items, or [count]; undefined: none is asked for.
  /// Numbers by name, as in Batch::more: [J] for all items, or [count, J].
  std::map<std::string, Tensor> more = {};

  /// One class for all items.
  static Given of_class(std::int64_t label);
};

/// What may be asked of a model that draws.
struct Conditions {
  /// Which temperatures the law has.
  enum class Temperature {
    from_zero,  ///< 0, the mode, and up.
    positive,   ///< It divides, so it is above 0.
    one         ///< The law has none.
  };
  std::int64_t classes = 0;  ///< Labels are 0 .. classes - 1; 0: the model has none.
  Temperature temperature = Temperature::from_zero;  ///< Which it may be.
  std::map<std::string, std::int64_t> more = {};     ///< What else may be given: J of each name.
};

/// What is asked of a model that draws.
struct SampleRequest {
  std::int64_t count = 64;   ///< Items.
  double temperature = 1.0;  ///< T: the law p^(1/T) of what is drawn; 1: its own.
  Given given = {};          ///< What they are conditioned on.
  /// Asked after every step by samplers that draw number after number and take their time over it.
  /// It is shown the items so far, shaped as they will be, 0 where nothing is drawn yet, and the
  /// share of their numbers that is drawn; false: Interrupted is thrown.
  std::function<bool(const Tensor& so_far, double share)> watch = {};
};

/// Throws ConfigError for a count below 1, and for what the conditions do not allow.
void check_request(const SampleRequest& request, const Conditions& conditions);

/// The class of each item, [count] int64: those asked for, or in turn 0, 1 .. classes - 1, 0 ...
Tensor labels_of(const SampleRequest& request, std::int64_t classes);

/// A part that is given, for each item, [count, J]; undefined where it is not.
Tensor given_part(const SampleRequest& request, const std::string& name);

}  // namespace kiln
