// needs: base
#include "kiln/prob/f_divergence.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/theory/legendre.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<FDivergence> all_rows() {
  std::vector<FDivergence> rows;
  for (const auto* alpha : {"alpha:-1", "alpha:0.5", "alpha:2", "alpha:3"})
    for (const auto& name : f_divergence_names(alpha))
      if (rows.size() < 9 || name == alpha) rows.push_back(f_divergence("test", name));
  return rows;
}

// Ratios from 1e-6 to 1e6.
std::vector<double> ratios() {
  std::vector<double> list;
  for (int i = -60; i <= 60; ++i) list.push_back(std::exp(i * .2302585));
  return list;
}

const std::array<double, 4> kP{.5, .3, .15, .05}, kQ{.2, .2, .25, .35};

double sum_of_terms(const FDivergence& row, const std::array<double, 4>& p,
                    const std::array<double, 4>& q) {
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) sum += row.term(std::log(p[i]), std::log(q[i]));
  return sum;
}

TEST(FDivergence, OfTwoDiscreteLawsIsTheKnownConstant) {
  const std::vector<std::pair<std::string, double>> known{{"tv", .4},
                                                          {"kl", .4058655473518626},
                                                          {"reverse_kl", .5444237901143933},
                                                          {"pearson", .7971428571428571},
                                                          {"neyman", 2.08},
                                                          {"hellinger", .2257730537},
                                                          {"jeffreys", .9502893374662559},
                                                          {"js", 2 * .10783322791990738},
                                                          {"gan", -1.1706279052800759},
                                                          {"alpha:2", .39857142857142847},
                                                          {"alpha:0.5", .4515461074},
                                                          {"alpha:-1", 1.04},
                                                          {"alpha:3", .4758367347}};
  for (const auto& [name, value] : known)
    EXPECT_NEAR(sum_of_terms(f_divergence("test", name), kP, kQ), value, 1e-10) << name;
}

TEST(FDivergence, TermIsQTimesF) {
  for (const auto& row : all_rows())
    for (const double u : ratios())
      EXPECT_NEAR(row.term(std::log(.3 * u), std::log(.3)), .3 * row.f(u),
                  1e-14 * (1 + std::abs(row.f(u)) + u * std::log1p(u)))  // u ln u may cancel
          << row.name << " at " << u;
}

TEST(FDivergence, TermsDoNotUnderflowWhereDensitiesDo) {
  const auto at = [](const char* name, double p, double q) {
    return f_divergence("test", name).term(p, q);
  };
  EXPECT_DOUBLE_EQ(at("reverse_kl", -9000, -1), std::exp(-1) * 8999);
  EXPECT_DOUBLE_EQ(at("neyman", -9000, -4600), std::exp(-200));
  EXPECT_DOUBLE_EQ(at("pearson", -4600, -9000), std::exp(-200));
  EXPECT_NEAR(at("alpha:-1", -9000, -4600), std::exp(-200) / 2, 1e-95);
  EXPECT_DOUBLE_EQ(at("jeffreys", -9000, -1), std::exp(-1) * 8999);
}

TEST(FDivergence, WhereOneDensityIsZero) {
  for (const auto& row : all_rows()) {
    EXPECT_EQ(row.term(-kInf, -kInf), 0) << row.name;
    EXPECT_NEAR(row.term(-kInf, -kInf), 0, 0);
    const double q_alone = row.term(-kInf, std::log(.5)), p_alone = row.term(std::log(.5), -kInf);
    // the limits of q f(p/q) as the other density goes away
    const double near_q = row.term(-600, std::log(.5)), near_p = row.term(std::log(.5), -600);
    if (std::isfinite(q_alone))
      EXPECT_NEAR(q_alone, near_q, 1e-9) << row.name;
    else
      EXPECT_GT(near_q, 100) << row.name;
    if (std::isfinite(p_alone))
      EXPECT_NEAR(p_alone, near_p, 1e-9) << row.name;
    else
      EXPECT_GT(near_p, 100) << row.name;
  }
}

TEST(FDivergence, SlopeIsTheDerivative) {
  for (const auto& row : all_rows())
    for (const double u : {.03, .4, .9, 1.2, 3., 40.}) {
      const double h = 1e-6 * u;
      EXPECT_NEAR(row.slope(u), (row.f(u + h) - row.f(u - h)) / (2 * h),
                  1e-6 * (1 + std::abs(row.slope(u))))
          << row.name << " at " << u;
    }
}

TEST(FDivergence, ThresholdCurvatureAndValueAtOne) {
  for (const auto& row : all_rows()) {
    EXPECT_NEAR(row.f(1), row.name == "gan" ? -2 * std::log(2.) : 0, 1e-15) << row.name;
    EXPECT_NEAR(row.slope(1), row.threshold, 1e-15) << row.name;
    if (row.name == "tv") continue;
    const double h = 1e-4;
    EXPECT_NEAR((row.slope(1 + h) - row.slope(1 - h)) / (2 * h), row.curvature, 1e-6) << row.name;
  }
}

TEST(FDivergence, FenchelYoungHoldsWithEqualityAtTheSlope) {
  for (const auto& row : all_rows())
    for (const double u : ratios()) {
      const double at_slope =
          fenchel_young_gap(row.f(u), row.conjugate(row.slope(u)), u, row.slope(u));
      const double scale = 1 + std::abs(row.f(u)) + std::abs(u * row.slope(u));
      EXPECT_LT(std::abs(at_slope), 1e-9 * scale) << row.name << " at " << u;
      for (double v = -6; v <= 6; v += .25) {
        const double t = row.activation(v);
        const double gap = fenchel_young_gap(row.f(u), row.conjugate(t), u, t);
        EXPECT_GE(gap, -1e-12 * (1 + std::abs(row.f(u)) + std::abs(u * t))) << row.name;
      }
    }
}

TEST(FDivergence, ConjugateIsTheNumericOne) {
  for (const auto& row : all_rows())
    for (double v = -3; v <= 3; v += .25) {
      const double t = row.activation(v);
      EXPECT_NEAR(row.conjugate(t), legendre([&](double u) { return row.f(u); }, t),
                  1e-7 * (1 + std::abs(row.conjugate(t))))
          << row.name << " at t = " << t;
    }
}

TEST(FDivergence, ConjugateIsInfiniteOutsideItsDomain) {
  for (const auto& row : all_rows()) {
    if (!std::isfinite(row.slope_at_infinity)) continue;
    const double outside = row.slope_at_infinity + .05;
    EXPECT_EQ(row.conjugate(outside), kInf) << row.name;
    EXPECT_EQ(legendre([&](double u) { return row.f(u); }, outside), kInf) << row.name;
    EXPECT_TRUE(std::isfinite(row.conjugate(row.slope_at_infinity - .05))) << row.name;
  }
}

TEST(FDivergence, ConjugatingTwiceGivesFBack) {
  for (const auto& row : all_rows())
    for (const double u : {.02, .3, 1., 2.5, 20.})
      EXPECT_NEAR(biconjugate([&](double t) { return row.conjugate(t); }, u, row.slope_at_infinity),
                  row.f(u), 1e-7 * (1 + std::abs(row.f(u))))
          << row.name << " at " << u;
}

TEST(FDivergence, ActivationsRiseAndStayInTheDomain) {
  for (const auto& row : all_rows()) {
    double before = -kInf;
    for (double v = -30; v <= 30; v += .5) {
      const double t = row.activation(v);
      EXPECT_GE(t, before) << row.name;
      EXPECT_LE(t, row.slope_at_infinity) << row.name;
      before = t;
    }
    EXPECT_LT(row.activation(-1), row.activation(1)) << row.name;
  }
}

TEST(FDivergence, CompositionIsTheConjugateOfTheActivation) {
  for (const auto& row : all_rows())
    for (double v = -8; v <= 8; v += .25) {
      const double expected = row.conjugate(row.activation(v));
      EXPECT_NEAR(row.conjugate_of_activation(v), expected, 1e-9 * (1 + std::abs(expected)))
          << row.name << " at " << v;
    }
  for (const auto& row : all_rows())  // and where the two steps would overflow
    EXPECT_TRUE(std::isfinite(row.conjugate_of_activation(60))) << row.name;
}

TEST(FDivergence, VariationalBoundIsReachedAtTheSlopeAndNowhereExceeded) {
  for (const auto& row : all_rows()) {
    double reached = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const double t = row.slope(kP[i] / kQ[i]);
      reached += kP[i] * t - kQ[i] * row.conjugate(t);
    }
    const double truth = sum_of_terms(row, kP, kQ);
    EXPECT_NEAR(reached, truth, 1e-13) << row.name;
    for (double v = -4; v <= 4; v += .5) {
      double bound = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const double vi = v * (i % 2 ? 1 : -.5);
        bound += kP[i] * row.activation(vi) - kQ[i] * row.conjugate_of_activation(vi);
      }
      EXPECT_LE(bound, truth + 1e-13) << row.name;
    }
  }
}

TEST(FDivergence, GanRowIsTheOrdinaryGan) {
  const auto gan = f_divergence("test", "gan");
  for (double v = -5; v <= 5; v += .5) {
    const double d = 1 / (1 + std::exp(-v));
    EXPECT_NEAR(gan.activation(v), std::log(d), 1e-14);
    EXPECT_NEAR(-gan.conjugate_of_activation(v), std::log1p(-d), 1e-13);
  }
}

TEST(FDivergence, RowsAreDualAsTheyShould) {
  const auto between = [](const char* name, bool swapped) {
    return sum_of_terms(f_divergence("test", name), swapped ? kQ : kP, swapped ? kP : kQ);
  };
  EXPECT_NEAR(between("kl", false), between("reverse_kl", true), 1e-14);
  EXPECT_NEAR(between("pearson", false), between("neyman", true), 1e-14);
  for (const char* own : {"hellinger", "js", "tv", "jeffreys", "gan"})
    EXPECT_NEAR(between(own, false), between(own, true), 1e-14) << own;
  EXPECT_NEAR(between("alpha:0.5", false), 2 * between("hellinger", false), 1e-14);
  EXPECT_NEAR(between("alpha:-1", false), between("neyman", false) / 2, 1e-14);
  EXPECT_NEAR(between("alpha:2", false), between("pearson", false) / 2, 1e-14);
  EXPECT_LE(between("tv", false), std::sqrt(between("kl", false) / 2));  // Pinsker
}

TEST(FDivergence, RefusesNamesThatAreNone) {
  EXPECT_NE(message_of<ConfigError>([] {
              f_divergence("objective", "pearsn");
            }).find("did you mean 'pearson'"),
            std::string::npos);
  for (const auto* text : {"alpha:", "alpha:1", "alpha:0", "alpha:x", "alpha:inf", "alpha"})
    EXPECT_THROW(f_divergence("objective", text), ConfigError) << text;
}

}  // namespace
}  // namespace kiln
