#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kiln/check/causality.h"
#include "kiln/check/finding.h"

namespace kiln {

struct CheckReport {
  std::vector<Finding> findings;
  std::optional<Leaks> leaks;  ///< For autoregressive models.
  bool passed() const;
};

/// Whether there is anything to check: a likelihood or a bound.
bool can_be_checked(const Model& model);

/// Told what is looked at next, and how many of all are done.
using CheckBegins = std::function<void(const std::string& what, std::size_t done, std::size_t of)>;

/// Everything that applies to this model, at some items (at least two, in the model's values): is
/// p(x) normalised, are the conditionals, is the model causal, do its samplers agree with each
/// other and with the likelihood, is the gradient the slope, are the bounds in order.
CheckReport check_model(Model& model, const Batch& items, Rng& rng, const CheckBegins& begins = {});

}  // namespace kiln
