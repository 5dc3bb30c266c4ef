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

namespace {

struct Check {
  std::string what;
  std::function<std::optional<Finding>()> run;
};

// Of a model whose numbers have an order; what it finds of leaks stays in the report.
void add_of_steps(std::vector<Check>& checks, Autoregressive& steps, const ValueSet& values,
                  const Batch& flat, Rng& rng, CheckReport& report) {
  checks.push_back(
      {"conditionals", [&, values, flat] { return check_conditional_mass(steps, values, flat); }});
  checks.push_back({"what each law reads", [&, values, flat] {
                      report.leaks = find_leaks(steps, values, first_of(flat, 4));
                      return check_causal(*report.leaks);
                    }});
  checks.push_back({"the two ways to draw",
                    [&, values, flat] { return check_cached_sampler(steps, values, flat, rng); }});
  checks.push_back({"the law of draws",
                    [&, values, flat] { return check_sampler_law(steps, values, flat, rng); }});
}

std::vector<Check> checks_of(Model& model, const Batch& items, Rng& rng, CheckReport& report) {
  std::vector<Check> checks;
  const auto& x = items.x;
  const auto values = model.value_set();
  const auto flat = items.around(x.reshape({x.size(0), -1}));
  auto* likelihood = seen_as<Likelihood>(model);
  auto* sampler = seen_as<Sampler>(model);
  auto* steps = seen_as<Autoregressive>(model);
  checks.push_back({"the sum over all items", [=, &model, &rng]() -> std::optional<Finding> {
                      if (auto total = check_total_mass(model, flat)) return total;
                      if (!likelihood || !sampler || values.kind != Values::real || steps)
                        return {};
                      return check_density(*likelihood, *sampler, flat.x.size(1), rng);
                    }});
  if (steps) add_of_steps(checks, *steps, values, flat, rng, report);
  if (likelihood && !model.parameters().empty())
    checks.push_back({"the gradient", [=, &model, &rng] {
                        return check_gradient(model, *likelihood, first_of(items, 16), rng);
                      }});
  if (auto* bound = seen_as<Bound>(model))
    checks.push_back(
        {"the bounds", [=, &model, &rng] { return check_bounds(model, *bound, items, rng); }});
  return checks;
}

}  // namespace

CheckReport check_model(Model& model, const Batch& items, Rng& rng, const CheckBegins& begins) {
  CheckReport report;
  model.eval();
  const auto checks = checks_of(model, items, rng, report);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (begins) begins(checks[i].what, i, checks.size());
    if (auto finding = checks[i].run()) report.findings.push_back(std::move(*finding));
  }
  return report;
}

}  // namespace kiln
