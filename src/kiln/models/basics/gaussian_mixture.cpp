#include "kiln/models/basics/gaussian_mixture.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kiln/core/check.h"
#include "kiln/prob/nearest_centre.h"

namespace kiln {
namespace {

constexpr std::int64_t kNumbersAtOnce = 1 << 17;  // K B D in one go: a mebibyte,
constexpr std::int64_t kMostAtOnce = 1 << 23;     // or more for products of 256 rows: 64 MiB
constexpr std::int64_t kStartPasses = 20;         // of Lloyd on the sample
constexpr int kTrialPasses = 20;                  // of EM on the sample, for each of several starts
constexpr double kNoItems = 1e-10;                // a sum of responsibilities that is no item's

using Options = GaussianMixtureOptions;

std::int64_t rows_at_once(const Options& o) {
  const auto of_a_row = o.components * o.data_dim;
  return std::max({std::int64_t{1}, kNumbersAtOnce / of_a_row,
                   std::min<std::int64_t>(256, kMostAtOnce / of_a_row)});
}

Tensor zeros(at::IntArrayRef shape) { return torch::zeros(shape, torch::kFloat64); }
Tensor ones(at::IntArrayRef shape) { return torch::ones(shape, torch::kFloat64); }

}  // namespace

GaussianMixture::GaussianMixture(const Options& o)
    : options_(checked_together(o)),
      standardiser_(register_module("standardiser", std::make_shared<Standardiser>(o.data_dim))),
      sample_(register_module("sample", std::make_shared<ItemSample>(o.start_items, o.data_dim))),
      moments_(register_module(
          "moments", std::make_shared<RunningMoments>(o.data_dim, o.has_axes() ? o.data_dim : 0))),
      weights_(register_buffer("weights", ones({o.components}) / o.components)),
      means_(register_buffer("means", zeros({o.components, o.data_dim}))),
      variances_(register_buffer("variances", ones({o.covariances(), o.data_dim}))),
      loss_(register_buffer("loss", zeros({1}))),
      passes_(register_buffer("passes", torch::zeros({1}, torch::kInt64))),
      seen_(register_buffer("seen", torch::zeros({1}, torch::kInt64))),
      counts_(register_buffer("counts", zeros({o.components}))),
      first_(register_buffer("first", zeros({o.components, o.data_dim}))),
      log_likelihood_(register_buffer("log_likelihood", zeros({1}))) {
  const auto matrix = zeros({o.covariances(), o.data_dim, o.data_dim});
  if (o.has_axes())
    directions_ = register_buffer("directions", matrix + torch::eye(o.data_dim, torch::kFloat64));
  second_ = register_buffer("second", o.has_axes() ? matrix : zeros({o.components, o.data_dim}));
}

std::int64_t GaussianMixture::place(std::int64_t k) const {
  return options_.covariance == Covariance::tied ? 0 : k;
}

Values GaussianMixture::values() const {
  return options_.channels > 0 ? Values::unit : Values::real;
}

double GaussianMixture::loss() const { return loss_.item<double>(); }
double GaussianMixture::log_volume() const { return standardiser_->scale().log_volume(); }

void GaussianMixture::start_from_data(const DataMoments& moments) {
  if (options_.channels == 0)
    standardiser_->set("gaussian_mixture.start_from_data", moments.mean, moments.deviation);
}

Tensor GaussianMixture::standard(const char* where, const Tensor& x) const {
  return standardiser_->scale().standard(options_.shape().real_numbers(where, x));
}

// y - m_k: [K, B, D].
Tensor GaussianMixture::centred(const Tensor& y) const {
  return y.unsqueeze(0) - means_.unsqueeze(1);
}

// log w_k N(y; m_k, C_k) of c = y - m_k [K, B, D]: [B, K].  With the axes divided by the deviations
// along them, (y - m)^T C^-1 (y - m) is a sum of squares.
Tensor GaussianMixture::log_joint_of(const Tensor& c) const {
  const auto scales = variances_.rsqrt().unsqueeze(1);
  const auto z = options_.has_axes() ? c.matmul(directions_ * scales) : c * scales;
  const auto constants = variances_.log().sum(1) +
                         static_cast<double>(options_.data_dim) * std::log(2 * std::numbers::pi);
  return (-0.5 * (z.square_().sum(2) + constants.unsqueeze(1))).t() + weights_.log();
}

// Rows are taken in parts, so that K B D numbers stay few.
Tensor GaussianMixture::log_joint(const Tensor& y) const {
  std::vector<Tensor> parts;
  for (const auto& rows : y.split(rows_at_once(options_)))
    parts.push_back(log_joint_of(centred(rows)));
  return torch::cat(parts);
}

Tensor GaussianMixture::log_prob(const Batch& batch) {
  return torch::logsumexp(log_joint(standard("gaussian_mixture.log_prob", batch.x)), 1) -
         log_volume();
}

Tensor GaussianMixture::log_responsibilities(const Tensor& x) {
  return torch::log_softmax(log_joint(standard("gaussian_mixture.log_responsibilities", x)), 1);
}

Tensor GaussianMixture::encode_mean(const Batch& batch) {
  return log_responsibilities(batch.x).exp().to(batch.x.scalar_type());
}

void GaussianMixture::clear_sums() {
  seen_.zero_(), counts_.zero_(), first_.zero_(), second_.zero_(), log_likelihood_.zero_();
}

void GaussianMixture::begin_pass() {
  clear_sums();
  if (passes_.item<std::int64_t>() == 0) sample_->clear(), moments_->clear();
}

void GaussianMixture::observe(const Batch& batch) {
  const auto y = standard("gaussian_mixture.observe", batch.x);
  seen_ += y.size(0);
  if (passes_.item<std::int64_t>() > 0) return expect(y);
  sample_->add(y);
  moments_->add(y);
}

// Of several starts, the one from which EM on three quarters of the sample comes to the largest
// likelihood of the last quarter.  It begins anew: what EM learned of few items is not kept.
void GaussianMixture::start() {
  const auto clusters = options_.components;
  if (sample_->seen() < clusters)
    throw ConfigError("gaussian_mixture.components",
                      fmt::format("{} components need at least as many items, got {}; use fewer",
                                  clusters, sample_->seen()));
  const auto y = sample_->items().to(torch::kFloat64);
  auto random = sample_->random("plus_plus");
  Tensor best;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < options_.starts; ++i) {
    const auto means = lloyd(y, plus_plus(y, clusters, random), kStartPasses);
    start_from(y, means);
    const double loss = options_.starts > 1 && y.size(0) >= 2 * clusters ? trial(y) : 0;
    if (!best.defined() || loss < least) best = means, least = loss;
  }
  start_from(y, best);
  loss_.fill_(bound_of_start());
}

// The clusters' means; their shares, one imaginary item in each; the covariance within them.
void GaussianMixture::start_from(const Tensor& y, const Tensor& means) {
  means_.copy_(means);
  const auto index = nearest_centre(y, means_).index;
  weights_.copy_(cluster_sums(y, index, options_.components).counts + 1).div_(weights_.sum());
  const auto within = y - means_.index_select(0, index);
  const auto n = static_cast<double>(y.size(0));
  const auto pooled =
      options_.has_axes() ? within.t().matmul(within) / n : within.square().sum(0) / n;
  for (std::int64_t c = 0; c < variances_.size(0); ++c) set_covariance(c, pooled);
}

// The least mean -log p of the last quarter of y between passes of EM on the others, nats.
double GaussianMixture::trial(const Tensor& y) {
  const auto held = std::max<std::int64_t>(1, y.size(0) / 4);
  const auto known = y.narrow(0, 0, y.size(0) - held), unseen = y.narrow(0, y.size(0) - held, held);
  double least = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < kTrialPasses; ++pass) {
    clear_sums();
    expect(known);
    maximise();
    least = std::min(least, -torch::logsumexp(log_joint(unseen), 1).mean().item<double>());
  }
  clear_sums();
  return least;
}

// For any shares q of components that do not look at y, E log p(y) >= sum_k q_k [log w_k +
// E log N(y; m_k, C_k) - log q_k]; the best q make it log sum_k w_k exp E log N(y; m_k, C_k), with
// E log N(y; m_k, C_k) = log N(mean; m_k, C_k) - tr(C_k^-1 S) / 2 for data of covariance S.
double GaussianMixture::bound_of_start() const {
  const auto covariance = moments_->covariance();
  auto terms = log_joint(moments_->mean().unsqueeze(0))[0];
  for (std::int64_t k = 0; k < options_.components; ++k) {
    const auto v = options_.has_axes() ? directions_[place(k)] : Tensor();
    const auto along = options_.has_axes() ? (v * covariance.matmul(v)).sum(0) : covariance;
    terms[k] -= 0.5 * (along / variances_[place(k)]).sum();
  }
  return log_volume() - torch::logsumexp(terms, 0).item<double>();
}

// Bishop (9.23), responsibilities by logarithms; sums around the old means.
void GaussianMixture::expect(const Tensor& y) {
  for (const auto& rows : y.split(rows_at_once(options_))) expect_part(centred(rows));
}

void GaussianMixture::expect_part(const Tensor& c) {
  const auto joint = log_joint_of(c);
  const auto log_p = torch::logsumexp(joint, 1, true);
  const auto r = (joint - log_p).exp_().t().contiguous();  // [K, B]
  log_likelihood_ += log_p.sum();
  counts_ += r.sum(1);
  const auto weighted = c * r.unsqueeze(2);
  first_ += weighted.sum(1);
  if (!options_.has_axes())
    second_ += (weighted * c).sum(1);
  else if (options_.covariance == Covariance::tied)
    second_[0].addmm_(weighted.flatten(0, 1).t(), c.flatten(0, 1));
  else
    second_.baddbmm_(weighted.transpose(1, 2), c);
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
    second_[place(k)] -= counts_[k] * (options_.has_axes() ? torch::outer(d, d) : d.square());
    if (!tied && counts_[k].item<double>() > kNoItems) set_covariance(k, second_[k] / counts_[k]);
  }
  if (tied) set_covariance(0, second_[0] / counts_.sum());
}

// The likeliest covariance none of whose variances is below the floor: -ln det C - tr(C^-1 S) is
// largest for S's own axes and the variances max(l_j, floor).
void GaussianMixture::set_covariance(std::int64_t at, const Tensor& covariance) {
  auto variances = covariance;
  if (options_.has_axes()) {
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

Tensor GaussianMixture::draw_samples(const SampleRequest& request, Rng& rng) {
  const double t = request.temperature;
  const auto shares = torch::softmax(weights_.log() / std::max(t, 1e-9), 0).cumsum(0);
  const auto u = rng.uniform({request.count, 1}).to(shares.options());
  const auto picks = shares.le(u).sum(1).clamp_max(options_.components - 1);
  auto y = rng.normal({request.count, options_.data_dim}).to(means_.options()) * std::sqrt(t);
  for (std::int64_t k = 0; k < options_.components; ++k) {
    const auto rows = picks.eq(k).nonzero().squeeze(1);
    auto noise = y.index_select(0, rows) * variances_[place(k)].sqrt();
    if (options_.has_axes()) noise = noise.matmul(directions_[place(k)].t());
    y.index_copy_(0, rows, noise + means_[k]);
  }
  const auto x = standardiser_->scale().own_units(y).to(torch::kFloat32);
  return options_.shape().shaped(options_.channels > 0 ? x.clamp(0, 1) : x);
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

std::vector<std::pair<std::string, double>> GaussianMixture::figures() const {
  if (passes_.item<std::int64_t>() < 2) return {};  // before, the loss is a bound
  return {{"bic", bic()}};
}

Tensor GaussianMixture::covariance_of(std::int64_t k) const {
  const auto variances = variances_[place(k)];
  if (!options_.has_axes()) return variances.diag();
  const auto v = directions_[place(k)];
  return (v * variances).matmul(v.t());
}

}  // namespace kiln
