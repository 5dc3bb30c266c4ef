#include "kiln/theory/line_critic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kiln/theory/line_divergences.h"

namespace kiln {
namespace {

double trained_bound(const FDivergence& f, const LineLaw& p, const LineLaw& q) {
  LineCritic critic(f, p, q);
  while (!critic.done()) critic.step();
  return critic.bound();
}

TEST(LineCritic, ReachesEveryDivergenceFromBelow) {
  const auto p = LineLaw::parse("test", "normal:0,1"), q = LineLaw::parse("test", "normal:1,1.5");
  for (const auto* alpha : {"alpha:0.5", "alpha:2", "alpha:-1"})
    for (const auto& name : f_divergence_names(alpha)) {
      if (std::string(alpha) != "alpha:0.5" && name != alpha) continue;
      const auto f = f_divergence("test", name);
      const bool forward = std::isfinite(divergence(f, p, q));  // else the laws change places
      EXPECT_EQ(forward, name != "neyman" && name != "alpha:-1") << name;
      const auto &a = forward ? p : q, &b = forward ? q : p;
      const double truth = divergence(f, a, b), bound = trained_bound(f, a, b);
      EXPECT_LE(bound, truth + 1e-6) << name;
      EXPECT_GT(bound, truth - .02 * std::abs(truth)) << name;
    }
}

TEST(LineCritic, OfAGanBecomesTheBestCritic) {
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{
           {"normal:0,1", "normal:1,1.5"},
           {"mixture:0.5*normal:-2,0.5+0.5*normal:2,0.5", "normal:0,2"}}) {
    const auto p = LineLaw::parse("test", a), q = LineLaw::parse("test", b);
    LineCritic critic(f_divergence("test", "gan"), p, q);
    while (!critic.done()) critic.step();
    EXPECT_NEAR(critic.bound(), 2 * jensen_shannon(p, q) - std::log(4.), 1e-4);
    std::vector<double> x;
    for (double at = -4; at <= 4; at += .05) x.push_back(at);
    const auto v = critic.outputs(x);
    for (std::size_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(1 / (1 + std::exp(-v[i])), 1 / (1 + std::exp(-optimal_logit(p, q, x[i]))), .02)
          << "at " << x[i];
  }
}

}  // namespace
}  // namespace kiln
