#pragma once

#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// Exponential moving average of parameters and running statistics: shadow = decay * shadow + (1 -
/// decay) * parameter after every round.  Early on the decay is min(decay, (1 + t) / (10 + t)), so
/// that the average forgets the initialisation.
class Ema {
 public:
  Ema(std::vector<NamedTensor> parameters, double decay);

  void update();
  /// Exchanges parameters and averages, by value; a second call undoes the first.
  void swap();

  std::vector<NamedTensor> state()
      const;  ///< The averages themselves, under the parameters' names.
  /// What is averaged: the tensors themselves.
  const std::vector<NamedTensor>& weights() const { return parameters_; }
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

  /// Holds the averages in the parameters' place for its lifetime.
  class Scope {
   public:
    explicit Scope(Ema* ema) : ema_(ema) {
      if (ema_) ema_->swap();
    }
    ~Scope() {
      if (ema_) ema_->swap();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Ema* ema_;
  };

 private:
  std::vector<NamedTensor> parameters_;
  std::vector<Tensor> averages_;
  double decay_;
  std::int64_t updates_ = 0;
};

}  // namespace kiln
