#include "kiln/nn/adversarial/objective.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <array>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/nn/adversarial/f_critic.h"
#include "kiln/nn/code_critic.h"

namespace kiln {
namespace {

using Kind = AdversarialObjective::Kind;

struct Row {
  Kind kind;
  std::string_view name;
};

constexpr std::array<Row, 6> kRows{{{Kind::minimax, "minimax"},
                                    {Kind::nonsaturating, "nonsaturating"},
                                    {Kind::least_squares, "least_squares"},
                                    {Kind::hinge, "hinge"},
                                    {Kind::wasserstein, "wasserstein"},
                                    {Kind::wasserstein_gp, "wasserstein_gp"}}};

constexpr std::string_view kF = "f:";

}  // namespace

std::vector<std::string> AdversarialObjective::names() {
  std::vector<std::string> list;
  for (const auto& row : kRows) list.emplace_back(row.name);
  list.push_back("f:NAME");
  return list;
}

AdversarialObjective AdversarialObjective::parse(std::string_view where, const std::string& name) {
  AdversarialObjective objective;
  if (name.starts_with(kF)) {
    objective.kind_ = Kind::f;
    objective.f_ = f_divergence(where, std::string_view(name).substr(kF.size()));
    return objective;
  }
  for (const auto& row : kRows)
    if (row.name == name) {
      objective.kind_ = row.kind;
      return objective;
    }
  const auto hint = did_you_mean(name, names());
  throw ConfigError(where, fmt::format("no objective '{}'{} Objectives: {}, with NAME of {}", name,
                                       hint.empty() ? "." : hint, join(names(), ", "),
                                       join(f_divergence_names(), ", ")));
}

Tensor AdversarialObjective::critic_loss(const Tensor& real, const Tensor& fake) const {
  switch (kind_) {
    case Kind::minimax:
    case Kind::nonsaturating:
      return critic_log_loss(real, fake);
    case Kind::least_squares:
      return ((real - 1).square().mean() + fake.square().mean()) / 2;
    case Kind::hinge:
      return (1 - real).clamp_min(0).mean() + (1 + fake).clamp_min(0).mean();
    case Kind::wasserstein:
    case Kind::wasserstein_gp:
      return fake.mean() - real.mean();
    case Kind::f:
      break;
  }
  return f_conjugate_of_activation(*f_, fake).mean() - f_activation(*f_, real).mean();
}

Tensor AdversarialObjective::generator_loss(const Tensor& fake) const {
  switch (kind_) {
    case Kind::minimax:
      return at::log_sigmoid(-fake).mean();
    case Kind::nonsaturating:
      return non_saturating_loss(fake);
    case Kind::least_squares:
      return (fake - 1).square().mean() / 2;
    case Kind::hinge:
    case Kind::wasserstein:
    case Kind::wasserstein_gp:
      return -fake.mean();
    case Kind::f:
      break;
  }
  return -f_activation(*f_, fake).mean();
}

Tensor AdversarialObjective::realness(const Tensor& output) const {
  if (kind_ == Kind::least_squares) return output - .5;
  if (kind_ != Kind::f || f_->name == "gan") return output;
  return f_activation(*f_, output) - f_->threshold;
}

std::optional<double> AdversarialObjective::optimum(double log_ratio) const {
  switch (kind_) {
    case Kind::minimax:
    case Kind::nonsaturating:
      return log_ratio;
    case Kind::least_squares:
      return 1 / (1 + std::exp(-log_ratio));
    case Kind::hinge:
      return log_ratio > 0 ? 1 : log_ratio < 0 ? -1 : 0;
    case Kind::wasserstein:
    case Kind::wasserstein_gp:
      return std::nullopt;
    case Kind::f:
      break;
  }
  return f_->slope(std::exp(log_ratio));
}

}  // namespace kiln
