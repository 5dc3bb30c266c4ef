#include "kiln/check/check_model.h"

#include <algorithm>

#include "kiln/check/bounds.h"
#include "kiln/check/conditional_law.h"
#include "kiln/check/density.h"
#include "kiln/check/gradients.h"
#include "kiln/check/normalisation.h"
#include "kiln/check/samplers.h"
#include "kiln/models/seen_as.h"

namespace kiln {

bool CheckReport::passed() const {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& f) { return f.passed; });
}

bool can_be_checked(const Model& model) {
  return seen_as<Likelihood>(model) || seen_as<Bound>(model);
}

CheckReport check_model(Model& model, const Batch& items, Rng& rng) {
  CheckReport report;
  auto& findings = report.findings;
  const auto& x = items.x;
  const auto values = model.value_set();
  const auto flat = items.around(x.reshape({x.size(0), -1}));
  model.eval();
  auto* likelihood = seen_as<Likelihood>(model);
  auto* sampler = seen_as<Sampler>(model);
  if (auto total = check_total_mass(model, flat))
    findings.push_back(*total);
  else if (likelihood && sampler && values.kind == Values::real && !seen_as<Autoregressive>(model))
    if (auto density = check_density(*likelihood, *sampler, flat.x.size(1), rng))
      findings.push_back(*density);
  if (auto* steps = seen_as<Autoregressive>(model)) {
    findings.push_back(check_conditional_mass(*steps, values, flat));
    report.leaks = find_leaks(*steps, values, first_of(flat, 4));
    findings.push_back(check_causal(*report.leaks));
    findings.push_back(check_cached_sampler(*steps, values, flat, rng));
    findings.push_back(check_sampler_law(*steps, values, flat, rng));
  }
  if (likelihood && !model.parameters().empty())
    findings.push_back(check_gradient(model, *likelihood, first_of(items, 16), rng));
  if (auto* bound = seen_as<Bound>(model))
    findings.push_back(check_bounds(model, *bound, items, rng));
  return report;
}

}  // namespace kiln
