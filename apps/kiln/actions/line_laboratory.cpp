#include "apps/kiln/actions/line_laboratory.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kiln/prob/f_divergence.h"
#include "kiln/theory/line_critic.h"
#include "kiln/theory/line_divergences.h"

namespace kiln::program {
namespace {

double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

// Evenly over the middle of both laws, where there is something to see.
std::vector<double> places(const LineLaw& p, const LineLaw& q) {
  constexpr int kPlaces = 400;
  constexpr double kSeen = 1e-3;  // of the highest density
  const auto [left, right] = range_of(p, q, 5);
  const auto height = [&](double x) { return p.density(x) + q.density(x); };
  constexpr int kFine = 20000;
  double most = 0, low = right, high = left;
  const auto fine = [&, from = left, to = right](int i) { return from + (to - from) * i / kFine; };
  for (int i = 0; i <= kFine; ++i) most = std::max(most, height(fine(i)));
  for (int i = 0; i <= kFine; ++i) {
    const double x = fine(i);
    if (height(x) > kSeen * most) low = std::min(low, x), high = std::max(high, x);
  }
  std::vector<double> list;
  for (int i = 0; i <= kPlaces; ++i) list.push_back(low + (high - low) * i / kPlaces);
  return list;
}

}  // namespace

Laboratory run_laboratory(const LineLaw& p, const LineLaw& q, const LineCriticArguments& a) {
  Laboratory lab{.x = places(p, q)};
  lab.js = jensen_shannon(p, q), lab.mutual = mutual_information(p, q);
  lab.best_value = gan_value([&](double x) { return optimal_logit(p, q, x); }, p, q);
  LineCritic critic(f_divergence("gan", "gan"), p, q,
                    {.steps = a.steps, .seed = static_cast<std::uint64_t>(a.seed)});
  while (!critic.done()) {
    lab.steps.push_back(static_cast<double>(lab.steps.size()));
    lab.bounds.push_back(critic.step());
  }
  lab.trained_value = critic.bound();
  lab.trained = critic.outputs(lab.x);
  for (std::size_t i = 0; i < lab.x.size(); ++i) {
    lab.p.push_back(p.density(lab.x[i])), lab.q.push_back(q.density(lab.x[i]));
    lab.best.push_back(sigmoid(optimal_logit(p, q, lab.x[i])));
    lab.trained[i] = sigmoid(lab.trained[i]);
    if (std::isfinite(lab.best.back()))
      lab.worst = std::max(lab.worst, std::abs(lab.trained[i] - lab.best.back()));
  }
  return lab;
}

}  // namespace kiln::program
