#include "kiln/theory/line_critic.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <numbers>

#include "kiln/core/rng.h"
#include "kiln/nn/adversarial/f_critic.h"
#include "kiln/theory/line_divergences.h"

namespace kiln {
namespace {

using Rule = boost::math::quadrature::gauss<double, 10>;

struct Points {
  std::vector<double> x, weight;
};

// Gauss-Legendre points between each pair of landmarks, which are split in two.
Points quadrature_points(const std::vector<double>& landmarks) {
  constexpr int kSplit = 2;
  Points points;
  for (std::size_t i = 0; i + 1 < landmarks.size(); ++i)
    for (int part = 0; part < kSplit; ++part) {
      const double half = (landmarks[i + 1] - landmarks[i]) / (2 * kSplit);
      const double middle = landmarks[i] + (2 * part + 1) * half;
      for (std::size_t j = 0; j < Rule::abscissa().size(); ++j)
        for (const double sign : {-1., 1.}) {
          points.x.push_back(middle + sign * half * Rule::abscissa()[j]);
          points.weight.push_back(half * Rule::weights()[j]);
        }
    }
  return points;
}

// Landmarks within eight deviations of a normal part: what lies beyond weighs less than 1e-15.
std::vector<double> near_landmarks(const LineLaw& p, const LineLaw& q) {
  constexpr double kReach = 8;
  const auto [low, high] = range_of(p, q, kReach);
  std::vector<double> marks{low};
  for (const double mark : landmarks_of(p, q))
    if (mark > low && mark < high) marks.push_back(mark);
  marks.push_back(high);
  return marks;
}

Tensor masses(const LineLaw& law, const Points& points) {
  std::vector<double> mass;
  for (std::size_t i = 0; i < points.x.size(); ++i)
    mass.push_back(points.weight[i] * law.density(points.x[i]));
  return torch::tensor(mass, torch::kFloat64);
}

torch::nn::Sequential make_net(std::int64_t hidden, std::uint64_t seed) {
  Rng init(seed, "line critic");
  const Rng::Scope scope(init);
  using torch::nn::Linear, torch::nn::Tanh;
  torch::nn::Sequential net(Linear(1, hidden), Tanh(), Linear(hidden, hidden), Tanh(),
                            Linear(hidden, 1));
  net->to(torch::kFloat64);
  return net;
}

}  // namespace

LineCritic::LineCritic(const FDivergence& f, const LineLaw& p, const LineLaw& q,
                       const LineCriticOptions& options)
    : f_(f), options_(options), net_(make_net(options.hidden, options.seed)) {
  const auto marks = near_landmarks(p, q);
  const auto points = quadrature_points(marks);
  centre_ = (marks.front() + marks.back()) / 2;
  scale_ = (marks.back() - marks.front()) / 8;
  x_ = (torch::tensor(points.x, torch::kFloat64).unsqueeze(1) - centre_) / scale_;
  p_ = masses(p, points), q_ = masses(q, points);
  optimizer_ = std::make_unique<torch::optim::LBFGS>(net_->parameters(),
                                                     torch::optim::LBFGSOptions(1)
                                                         .max_iter(10)
                                                         .history_size(20)
                                                         .tolerance_grad(1e-9)
                                                         .tolerance_change(1e-14)
                                                         .line_search_fn("strong_wolfe"));
}

// E_P[g_f(V)] - E_Q[f*(g_f(V))], arXiv:1606.00709, eq. (6).
Tensor LineCritic::bound_of(const Tensor& v) const {
  return (p_ * f_activation(f_, v)).sum() - (q_ * f_conjugate_of_activation(f_, v)).sum();
}

double LineCritic::step() {
  const double before = bound();
  optimizer_->step([this] {
    optimizer_->zero_grad();
    const auto loss = -bound_of(net_->forward(x_).squeeze(1));
    loss.backward();
    return loss;
  });
  ++steps_done_;
  return before;
}

double LineCritic::bound() {
  torch::NoGradGuard no_grad;
  return bound_of(net_->forward(x_).squeeze(1)).item<double>();
}

std::vector<double> LineCritic::outputs(const std::vector<double>& x) {
  torch::NoGradGuard no_grad;
  const auto v = net_->forward((torch::tensor(x, torch::kFloat64).unsqueeze(1) - centre_) / scale_);
  return {v.data_ptr<double>(), v.data_ptr<double>() + v.numel()};
}

}  // namespace kiln
