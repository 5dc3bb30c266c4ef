#include "kiln/nn/adversarial/f_critic.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

namespace kiln {
namespace {

// d f*(g_f(v)) / dv by differences.
double slope_of(const FDivergence& f, double v) {
  const double h = 1e-4;
  return (f.conjugate_of_activation(v + h) - f.conjugate_of_activation(v - h)) / (2 * h);
}

// The tensors' functions against the numbers' and finite differences, in float64.
TEST(FCritic, IsTheTableWithItsSlopes) {
  for (const auto* alpha : {"alpha:-1", "alpha:0.5", "alpha:3"})
    for (const auto& name : f_divergence_names(alpha)) {
      const auto f = f_divergence("test", name);
      const auto v = torch::arange(-6, 6.01, .25, torch::kFloat64).add(.01).requires_grad_();
      const auto t = f_activation(f, v), c = f_conjugate_of_activation(f, v);
      const auto t_slope = torch::autograd::grad({t.sum()}, {v}, {}, true)[0];
      const auto c_slope = torch::autograd::grad({c.sum()}, {v}, {}, true, true)[0];
      const auto c_bend = c_slope.requires_grad() ? torch::autograd::grad({c_slope.sum()}, {v}, {},
                                                                          true, false, true)[0]
                                                  : Tensor();
      for (std::int64_t i = 0; i < v.size(0); ++i) {
        const double at = v[i].item<double>(), h = 1e-5;
        const double scale = 1 + std::abs(c[i].item<double>()) + std::abs(t[i].item<double>());
        EXPECT_NEAR(t[i].item<double>(), f.activation(at), 1e-12 * scale) << name << " at " << at;
        EXPECT_NEAR(c[i].item<double>(), f.conjugate_of_activation(at), 1e-9 * scale)
            << name << " at " << at;
        EXPECT_NEAR(t_slope[i].item<double>(),
                    (f.activation(at + h) - f.activation(at - h)) / 2 / h, 1e-6 * scale)
            << name << " at " << at;
        EXPECT_NEAR(c_slope[i].item<double>(),
                    (f.conjugate_of_activation(at + h) - f.conjugate_of_activation(at - h)) / 2 / h,
                    1e-6 * scale)
            << name << " at " << at;
        const double near_slope[2] = {slope_of(f, at - h), slope_of(f, at + h)};
        EXPECT_NEAR(c_bend.defined() ? c_bend[i].item<double>() : 0,
                    (near_slope[1] - near_slope[0]) / (2 * h), 1e-4 * scale)
            << name << " at " << at;
      }
    }
}

TEST(FCritic, StaysFiniteInFloat32) {
  for (const auto& name : f_divergence_names("alpha:0.5")) {
    if (name == "kl" || name == "jeffreys") continue;  // exp(v - 1) may be as large as it is
    const auto f = f_divergence("test", name);
    const auto v = torch::tensor({-30.f, -5.f, 0.f, 5.f, 30.f});
    EXPECT_TRUE(f_activation(f, v).isfinite().all().item<bool>()) << name;
    EXPECT_TRUE(f_conjugate_of_activation(f, v).isfinite().all().item<bool>()) << name;
  }
}

}  // namespace
}  // namespace kiln
