// needs: base
#include "kiln/theory/line_divergences.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>
#include <limits>
#include <numbers>

#include "kiln/core/error.h"

namespace kiln {
namespace {

LineLaw law(const std::string& text) { return LineLaw::parse("test", text); }
double by_name(const char* name, const LineLaw& p, const LineLaw& q) {
  return divergence(f_divergence("test", name), p, q);
}

// E[p^a q^(1-a)] integral of N(0,1) and N(1,s^2), where it exists.
double chernoff(double a, double s) {
  const double precision = a + (1 - a) / (s * s);
  const double linear = (1 - a) / (s * s);
  return std::pow(s, a - 1) / std::sqrt(precision) *
         std::exp(.5 * linear * linear / precision - .5 * (1 - a) / (s * s));
}

TEST(LineLaw, DensitiesAndDistributionFunctions) {
  const auto p = law("mixture:1*normal:-2,0.5+3*uniform:0,2");
  EXPECT_NEAR(p.density(-2), .25 / (.5 * std::sqrt(2 * std::numbers::pi)), 1e-14);
  EXPECT_NEAR(p.density(1), .75 / 2, 1e-8);
  EXPECT_NEAR(p.cdf(-2), .125, 1e-15);
  EXPECT_NEAR(p.cdf(1), .25 + .375, 1e-8);
  EXPECT_NEAR(integrate([&](double x) { return p.density(x); }, p.landmarks()), 1, 1e-12);
  EXPECT_EQ(law("uniform:0,1").log_density(2), -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(law("normal:0,1").log_density(100), -5000 - .5 * std::log(2 * std::numbers::pi),
              1e-9);
}

TEST(LineLaw, RefusesWhatIsNoLaw) {
  for (const auto* text :
       {"", "normal", "normal:0", "normal:0,0", "normal:0,-1", "normal:0,1,2", "normal:nan,1",
        "uniform:1,1", "uniform:2,1", "uniform:0,inf", "mixture:", "mixture:normal:0,1",
        "mixture:-1*normal:0,1", "mixture:0*normal:0,1", "cauchy:0,1", "mixture:1*mixture:1*x"})
    EXPECT_THROW(law(text), ConfigError) << text;
  for (const auto* text : {"uniform:-1e308,1e308", "normal:0,1e308", "normal:1e20,1"})
    EXPECT_THROW(law(text), ConfigError) << text;
}

TEST(LineDivergences, NormalLawsHaveClosedForms) {
  const auto p = law("normal:0,1"), q = law("normal:1,1.5");
  const double s = 1.5, kl = std::log(s) + (1 + 1) / (2 * s * s) - .5;
  const double reverse = -std::log(s) + (s * s + 1) / 2 - .5;
  EXPECT_NEAR(by_name("kl", p, q), kl, 1e-10);
  EXPECT_NEAR(by_name("reverse_kl", p, q), reverse, 1e-10);
  EXPECT_NEAR(by_name("jeffreys", p, q), kl + reverse, 1e-10);
  EXPECT_NEAR(by_name("hellinger", p, q), 2 - 2 * chernoff(.5, s), 1e-10);
  EXPECT_NEAR(by_name("pearson", p, q), chernoff(2, s) - 1, 1e-10);
  EXPECT_NEAR(by_name("neyman", q, p), chernoff(2, s) - 1, 1e-10);
  EXPECT_NEAR(by_name("alpha:0.3", p, q), (chernoff(.3, s) - 1) / (.3 * -.7), 1e-10);
  EXPECT_NEAR(by_name("js", p, q), 2 * jensen_shannon(p, q), 1e-10);
  EXPECT_NEAR(by_name("gan", p, q), 2 * jensen_shannon(p, q) - std::log(4.), 1e-10);
}

TEST(LineDivergences, AreInfiniteWhereTheIntegralIs) {
  const auto narrow = law("normal:0,1"), wide = law("normal:1,1.5"), box = law("uniform:0,1");
  EXPECT_TRUE(std::isinf(by_name("neyman", narrow, wide)));
  EXPECT_TRUE(std::isinf(by_name("alpha:-1", narrow, wide)));
  EXPECT_TRUE(std::isinf(by_name("reverse_kl", box, narrow)));
  EXPECT_TRUE(std::isinf(by_name("kl", narrow, box)));
  EXPECT_NEAR(by_name("kl", box, narrow), .5 * std::log(2 * std::numbers::pi) + 1. / 6, 1e-10);
  EXPECT_TRUE(std::isinf(by_name("jeffreys", law("uniform:0,2"), box)));
  // ends of uniform pieces and slow tails do not look infinite
  const auto thin = law("normal:0,0.01");
  const double crossing = .01 * std::sqrt(2 * std::log(thin.density(0)));  // of density 1
  EXPECT_NEAR(by_name("tv", thin, box), thin.cdf(crossing) - crossing, 1e-9);
  EXPECT_LT(by_name("hellinger", law("uniform:50,60"), narrow), 2 + 1e-9);
  EXPECT_NEAR(by_name("kl", law("uniform:50,60"), narrow),
              -std::log(10.) + .5 * std::log(2 * std::numbers::pi) + (216000 - 125000) / 60., 1e-6);
  const double s = 1.41;  // E_q[q/p] of a q with a little less than twice the variance of p
  EXPECT_NEAR(by_name("neyman", narrow, law("normal:0,1.41")), 1 / (s * std::sqrt(2 - s * s)) - 1,
              1e-6);
  // far scales do not look infinite
  const auto huge = law("normal:0,100");
  EXPECT_NEAR(by_name("reverse_kl", narrow, huge), -std::log(100.) + 5000 - .5, 1e-5);
}

TEST(LineDivergences, JensenShannonIsMutualInformationInZeroToLn2) {
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{
           {"normal:0,1", "normal:1,1.5"},
           {"uniform:0,1", "normal:0,1"},
           {"mixture:0.5*normal:-2,0.3+0.5*normal:2,0.3", "uniform:-3,3"},
           {"normal:0,1", "normal:0,1"}}) {
    const auto p = law(a), q = law(b);
    const double js = jensen_shannon(p, q);
    EXPECT_NEAR(js, mutual_information(p, q), 1e-9);
    EXPECT_NEAR(js, jensen_shannon(q, p), 1e-12);
    EXPECT_GE(js, -1e-12);
    EXPECT_LT(js, std::log(2.));
    const double best = gan_value([&](double x) { return optimal_logit(p, q, x); }, p, q);
    EXPECT_NEAR(best, 2 * js - std::log(4.), 1e-9);
    EXPECT_LT(gan_value([&](double x) { return .5 * optimal_logit(p, q, x) + .1; }, p, q),
              best - 1e-3 * (js > 1e-6));
  }
  EXPECT_NEAR(jensen_shannon(law("uniform:0,1"), law("uniform:2,3")), std::log(2.), 1e-12);
}

TEST(LineDivergences, RootOfJensenShannonKeepsTheTriangle) {
  const std::vector<LineLaw> laws{law("normal:0,1"), law("normal:2,0.5"), law("uniform:-1,3"),
                                  law("mixture:1*normal:-1,0.2+2*uniform:0,4")};
  const auto distance = [&](std::size_t i, std::size_t j) {
    return std::sqrt(std::max(0., jensen_shannon(laws[i], laws[j])));
  };
  for (std::size_t i = 0; i < laws.size(); ++i)
    for (std::size_t j = 0; j < laws.size(); ++j)
      for (std::size_t k = 0; k < laws.size(); ++k)
        EXPECT_LE(distance(i, k), distance(i, j) + distance(j, k) + 1e-9);
}

TEST(LineDivergences, EarthMoversDistance) {
  EXPECT_NEAR(wasserstein1(law("normal:0,1"), law("normal:3,1")), 3, 1e-9);
  EXPECT_NEAR(wasserstein1(law("uniform:0,1"), law("uniform:0,3")), 1, 1e-9);
  // |N| s for equal means: E|X| (s - 1)
  EXPECT_NEAR(wasserstein1(law("normal:0,1"), law("normal:0,3")),
              2 * std::sqrt(2 / std::numbers::pi), 1e-8);
}

TEST(LineDivergences, TotalVariationIsFromWhereDensitiesCross) {
  // N(0,1), N(2,1) cross at 1: TV = 2 Phi(1) - 1
  EXPECT_NEAR(by_name("tv", law("normal:0,1"), law("normal:2,1")), std::erf(1 / std::sqrt(2.)),
              1e-9);
}

}  // namespace
}  // namespace kiln
