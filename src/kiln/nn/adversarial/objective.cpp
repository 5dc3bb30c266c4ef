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
  std::string_view name, estimates;
};

constexpr std::array<Row, 6> kRows{{
    {Kind::minimax, "minimax", "ln 4 - 2 JSD(p, q)"},
    {Kind::nonsaturating, "nonsaturating", "ln 4 - 2 JSD(p, q)"},
    {Kind::least_squares, "least_squares", "half the sum over x of p q / (p + q)"},
    {Kind::hinge, "hinge", "2 - 2 TV(p, q)"},
    {Kind::wasserstein, "wasserstein", "-W1(p, q) times the slope that clipping allows"},
    {Kind::wasserstein_gp, "wasserstein_gp", "about -W1(p, q)"},
}};

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
                                       hint.empty() ? "." : hint + ".", join(names(), ", "),
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

std::string_view AdversarialObjective::estimates() const {
  if (kind_ == Kind::f) return "-D_f(p, q)";
  return kRows.at(static_cast<std::size_t>(kind_)).estimates;
}

}  // namespace kiln
