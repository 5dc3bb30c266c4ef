#include "kiln/check/check_model.h"

#include <algorithm>

#include "kiln/check/bounds.h"
#include "kiln/check/conditional_law.h"
#include "kiln/check/density.h"
#include "kiln/check/gradients.h"
#include "kiln/check/normalisation.h"
#include "kiln/check/samplers.h"

namespace kiln {

bool CheckReport::passed() const {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& f) { return f.passed; });
}

bool can_be_checked(const Model& model) {
  return dynamic_cast<const Likelihood*>(&model) || dynamic_cast<const Bound*>(&model);
}

CheckReport check_model(Model& model, const Batch& items, Rng& rng) {
  CheckReport report;
  auto& findings = report.findings;
  const auto& x = items.x;
  const auto values = model.value_set();
  const Batch flat{x.reshape({x.size(0), -1}), items.y};
  model.eval();
  auto* likelihood = dynamic_cast<Likelihood*>(&model);
  auto* sampler = dynamic_cast<Sampler*>(&model);
  if (auto total = check_total_mass(model, flat))
    findings.push_back(*total);
  else if (likelihood && sampler && values.kind == Values::real &&
           !dynamic_cast<Autoregressive*>(&model))
    if (auto density = check_density(*likelihood, *sampler, flat.x.size(1), rng))
      findings.push_back(*density);
  if (auto* steps = dynamic_cast<Autoregressive*>(&model)) {
    findings.push_back(check_conditional_mass(*steps, values, flat));
    report.leaks = find_leaks(*steps, values, first_of(flat, 4));
    findings.push_back(check_causal(*report.leaks));
    findings.push_back(check_cached_sampler(*steps, values, flat, rng));
    findings.push_back(check_sampler_law(*steps, values, flat, rng));
  }
  if (likelihood && !model.parameters().empty())
    findings.push_back(check_gradient(model, *likelihood, first_of(items, 16), rng));
  if (auto* bound = dynamic_cast<Bound*>(&model))
    findings.push_back(check_bounds(model, *bound, items, rng));
  return report;
}

}  // namespace kiln
