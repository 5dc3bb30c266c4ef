#include "kiln/models/basics/gaussian_mixture.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/request.h"
#include "kiln/prob/diag_normal.h"
#include "kiln/prob/nearest_centre.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostNumbers = 1 << 27;  // of all covariances: 1 GiB
constexpr std::int64_t kStartPasses = 20;       // of Lloyd on the sample
constexpr double kNoItems = 1e-10;              // a sum of responsibilities that is no item's

using Options = GaussianMixtureOptions;

bool with_axes(const Options& o) {
  return o.covariance == Covariance::full || o.covariance == Covariance::tied;
}

std::int64_t covariances(const Options& o) {
  return o.covariance == Covariance::tied ? 1 : o.components;
}

const Options& checked_together(const Options& o) {
  checked("gaussian_mixture", o);
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("gaussian_mixture");
  if (o.start_items < o.components)
    throw ConfigError("gaussian_mixture.start_items",
                      fmt::format("{} components start from as many different items, got {}; use "
                                  "at least as many as components",
                                  o.components, o.start_items));
  if (with_axes(o) && o.data_dim * covariances(o) > kMostNumbers / o.data_dim)
    throw ConfigError("gaussian_mixture.covariance",
                      fmt::format("{} matrices of {} x {} do not fit; use diagonal, tied or fewer "
                                  "components",
                                  covariances(o), o.data_dim, o.data_dim));
  if (std::max(o.start_items, 4 * o.components) > kMostNumbers / o.data_dim)
    throw ConfigError("gaussian_mixture",
                      fmt::format("{} components from {} items of {} numbers do not fit; use fewer "
                                  "components or start_items",
                                  o.components, o.start_items, o.data_dim));
  return o;
}

Tensor zeros(at::IntArrayRef shape) { return torch::zeros(shape, torch::kFloat64); }
Tensor ones(at::IntArrayRef shape) { return torch::ones(shape, torch::kFloat64); }

}  // namespace

std::vector<std::pair<Covariance, std::string_view>> enum_names(Covariance) {
  return {{Covariance::full, "full"},
          {Covariance::tied, "tied"},
          {Covariance::diagonal, "diagonal"},
          {Covariance::spherical, "spherical"}};
}

GaussianMixture::GaussianMixture(const Options& o)
    : options_(checked_together(o)),
      standardiser_(register_module("standardiser", std::make_shared<Standardiser>(o.data_dim))),
      sample_(register_module("sample", std::make_shared<ItemSample>(o.start_items, o.data_dim))),
      moments_(register_module(
          "moments", std::make_shared<RunningMoments>(o.data_dim, with_axes(o) ? o.data_dim : 0))),
      weights_(register_buffer("weights", ones({o.components}) / o.components)),
      means_(register_buffer("means", zeros({o.components, o.data_dim}))),
      variances_(register_buffer("variances", ones({covariances(o), o.data_dim}))),
      loss_(register_buffer("loss", zeros({1}))),
      passes_(register_buffer("passes", torch::zeros({1}, torch::kInt64))),
      seen_(register_buffer("seen", torch::zeros({1}, torch::kInt64))),
      counts_(register_buffer("counts", zeros({o.components}))),
      first_(register_buffer("first", zeros({o.components, o.data_dim}))),
      log_likelihood_(register_buffer("log_likelihood", zeros({1}))) {
  const auto matrix = zeros({covariances(o), o.data_dim, o.data_dim});
  if (with_axes(o))
    directions_ = register_buffer("directions", matrix + torch::eye(o.data_dim, torch::kFloat64));
  second_ = register_buffer("second", with_axes(o) ? matrix : zeros({o.components, o.data_dim}));
}

ItemShape GaussianMixture::shape() const {
  return {options_.data_dim, options_.channels, options_.height, options_.width};
}

bool GaussianMixture::has_axes() const { return directions_.defined(); }

std::int64_t GaussianMixture::place(std::int64_t k) const {
  return options_.covariance == Covariance::tied ? 0 : k;
}

Values GaussianMixture::values() const {
  return options_.channels > 0 ? Values::unit : Values::real;
}

double GaussianMixture::loss() const { return loss_.item<double>(); }
double GaussianMixture::log_volume() const { return standardiser_->log_volume(); }

void GaussianMixture::start_from_data(const DataMoments& moments) {
  if (options_.channels == 0)
    standardiser_->set("gaussian_mixture.start_from_data", moments.mean, moments.deviation);
}

Tensor GaussianMixture::standard(const char* where, const Tensor& x) const {
  return standardiser_->standard(shape().real_numbers(where, x));
}

// log N(y; m_k, C_k): y [B, D] -> [B].
Tensor GaussianMixture::component_log_prob(std::int64_t k, const Tensor& y) const {
  const auto variances = variances_[place(k)];
  if (!has_axes()) return DiagNormal{means_[k], variances.log()}.log_prob(y);
  return AxisNormal{means_[k], directions_[place(k)], variances, ones({1})}.log_prob(y);
}

// log w_k N(y; m_k, C_k): [B, K].
Tensor GaussianMixture::log_joint(const Tensor& y) const {
  std::vector<Tensor> terms;
  for (std::int64_t k = 0; k < options_.components; ++k) terms.push_back(component_log_prob(k, y));
  return torch::stack(terms, 1) + weights_.log();
}

Tensor GaussianMixture::log_prob(const Tensor& x) {
  return torch::logsumexp(log_joint(standard("gaussian_mixture.log_prob", x)), 1) - log_volume();
}

Tensor GaussianMixture::log_responsibilities(const Tensor& x) {
  return torch::log_softmax(log_joint(standard("gaussian_mixture.log_responsibilities", x)), 1);
}

Tensor GaussianMixture::encode_mean(const Tensor& x) {
  return log_responsibilities(x).exp().to(x.scalar_type());
}

void GaussianMixture::begin_pass() {
  seen_.zero_(), counts_.zero_(), first_.zero_(), second_.zero_(), log_likelihood_.zero_();
  if (passes_.item<std::int64_t>() == 0) sample_->clear(), moments_->clear();
}

void GaussianMixture::observe(const Batch& batch) {
  const auto y = standard("gaussian_mixture.observe", batch.x);
  seen_ += y.size(0);
  if (passes_.item<std::int64_t>() > 0) return expect(y);
  sample_->add(y);
  moments_->add(y);
}

// k-means on the sample: means; shares of the clusters, one imaginary item in each; the covariance
// within the clusters.
void GaussianMixture::start() {
  const auto clusters = options_.components;
  if (sample_->seen() < clusters)
    throw ConfigError("gaussian_mixture.components",
                      fmt::format("{} components need at least as many items, got {}; use fewer",
                                  clusters, sample_->seen()));
  const auto y = sample_->items().to(torch::kFloat64);
  auto random = sample_->random("plus_plus");
  means_.copy_(lloyd(y, plus_plus(y, clusters, random), kStartPasses));
  const auto index = nearest_centre(y, means_).index;
  weights_.copy_(cluster_sums(y, index, clusters).counts + 1).div_(weights_.sum());
  const auto within = y - means_.index_select(0, index);
  const auto n = static_cast<double>(y.size(0));
  const auto pooled = has_axes() ? within.t().matmul(within) / n : within.square().sum(0) / n;
  for (std::int64_t c = 0; c < variances_.size(0); ++c) set_covariance(c, pooled);
  loss_.fill_(bound_of_start());
}

// For any shares q of components that do not look at y, E log p(y) >= sum_k q_k [log w_k +
// E log N(y; m_k, C_k) - log q_k]; the best q make it log sum_k w_k exp E log N(y; m_k, C_k), with
// E log N(y; m_k, C_k) = log N(mean; m_k, C_k) - tr(C_k^-1 S) / 2 for data of covariance S.
double GaussianMixture::bound_of_start() const {
  const auto covariance = moments_->covariance();
  auto terms = log_joint(moments_->mean().unsqueeze(0))[0];
  for (std::int64_t k = 0; k < options_.components; ++k) {
    const auto v = has_axes() ? directions_[place(k)] : Tensor();
    const auto along = has_axes() ? (v * covariance.matmul(v)).sum(0) : covariance;
    terms[k] -= 0.5 * (along / variances_[place(k)]).sum();
  }
  return log_volume() - torch::logsumexp(terms, 0).item<double>();
}

// Bishop (9.23), responsibilities by logarithms; sums around the old means.
void GaussianMixture::expect(const Tensor& y) {
  const auto joint = log_joint(y);
  const auto log_p = torch::logsumexp(joint, 1, true);
  const auto r = (joint - log_p).exp();
  log_likelihood_ += log_p.sum();
  counts_ += r.sum(0);
  for (std::int64_t k = 0; k < options_.components; ++k) {
    const auto c = y - means_[k], weighted = c * r.narrow(1, k, 1);
    first_[k] += weighted.sum(0);
    if (has_axes())
      second_[place(k)].addmm_(weighted.t(), c);
    else
      second_[k] += (weighted * c).sum(0);
  }
}

// Bishop (9.24) to (9.26): w_k = N_k / N, m_k moves by d = first / N_k, C_k = second / N_k - d d^T.
void GaussianMixture::maximise() {
  const bool tied = options_.covariance == Covariance::tied;
  const auto moves =
      torch::where(counts_.gt(kNoItems), 1 / counts_, torch::zeros_like(counts_)).unsqueeze(1) *
      first_;
  weights_.copy_(counts_ / counts_.sum());
  means_ += moves;
  for (std::int64_t k = 0; k < options_.components; ++k) {
    const auto d = moves[k];
    second_[place(k)] -= counts_[k] * (has_axes() ? torch::outer(d, d) : d.square());
    if (!tied && counts_[k].item<double>() > kNoItems) set_covariance(k, second_[k] / counts_[k]);
  }
  if (tied) set_covariance(0, second_[0] / counts_.sum());
}

// The likeliest covariance none of whose variances is below the floor: -ln det C - tr(C^-1 S) is
// largest for S's own axes and the variances max(l_j, floor).
void GaussianMixture::set_covariance(std::int64_t at, const Tensor& covariance) {
  auto variances = covariance;
  if (has_axes()) {
    const auto axes = principal_axes(covariance);
    directions_[at].copy_(axes.directions);
    variances = axes.variances;
  } else if (options_.covariance == Covariance::spherical) {
    variances = covariance.mean().expand({options_.data_dim});
  }
  variances_[at].copy_(variances.clamp_min(options_.floor));
}

bool GaussianMixture::end_pass() {
  torch::NoGradGuard no_grad;
  passes_ += 1;
  const auto pass = passes_.item<std::int64_t>();
  if (pass == 1) return start(), false;
  const double before = loss(), n = static_cast<double>(seen_.item<std::int64_t>());
  loss_.fill_(log_volume()).sub_(log_likelihood_ / n);
  if (pass > 2 && before - loss() <= options_.tolerance) return true;
  maximise();
  return false;
}

Tensor GaussianMixture::sample(const SampleRequest& request, Rng& rng) {
  check_unconditional("gaussian_mixture.sample", request);
  torch::NoGradGuard no_grad;
  const double t = request.temperature;
  const auto shares = torch::softmax(weights_.log() / std::max(t, 1e-9), 0).cumsum(0);
  const auto u = rng.uniform({request.count, 1}).to(shares.options());
  const auto picks = shares.le(u).sum(1).clamp_max(options_.components - 1);
  auto y = rng.normal({request.count, options_.data_dim}).to(means_.options()) * std::sqrt(t);
  for (std::int64_t k = 0; k < options_.components; ++k) {
    const auto rows = picks.eq(k).nonzero().squeeze(1);
    auto noise = y.index_select(0, rows) * variances_[place(k)].sqrt();
    if (has_axes()) noise = noise.matmul(directions_[place(k)].t());
    y.index_copy_(0, rows, noise + means_[k]);
  }
  const auto x = standardiser_->own_units(y).to(torch::kFloat32);
  return shape().shaped(options_.channels > 0 ? x.clamp(0, 1) : x);
}

std::int64_t GaussianMixture::free_parameters() const {
  const auto d = options_.data_dim, k = options_.components;
  const auto of_covariances = options_.covariance == Covariance::full       ? k * d * (d + 1) / 2
                              : options_.covariance == Covariance::tied     ? d * (d + 1) / 2
                              : options_.covariance == Covariance::diagonal ? k * d
                                                                            : k;
  return k - 1 + k * d + of_covariances;
}

double GaussianMixture::bic() const {
  const auto n = static_cast<double>(seen_.item<std::int64_t>());
  return 2 * n * loss() + static_cast<double>(free_parameters()) * std::log(n);
}

Tensor GaussianMixture::covariance_of(std::int64_t k) const {
  const auto variances = variances_[place(k)];
  if (!has_axes()) return variances.diag();
  const auto v = directions_[place(k)];
  return (v * variances).matmul(v.t());
}

}  // namespace kiln
