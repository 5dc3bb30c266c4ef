#include "kiln/models/basics/pca.h"

#include <fmt/format.h>
#include <torch/special.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostNumbers = 1 << 27;  // of the exact way's scatter: 1 GiB

std::int64_t columns_of(const PcaOptions& o) {
  return o.svd == PcaSvd::exact ? o.data_dim : std::min(o.data_dim, *o.components + o.oversample);
}

PcaOptions checked_together(PcaOptions o) {
  checked("pca", o);
  o.components = o.components.value_or(std::min<std::int64_t>(20, o.data_dim));
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("pca");
  if (*o.components > o.data_dim)
    throw ConfigError("pca.components", fmt::format("x has {} numbers, so at most as many "
                                                    "components, got {}",
                                                    o.data_dim, *o.components));
  if (columns_of(o) > kMostNumbers / o.data_dim)
    throw ConfigError("pca", fmt::format("{} x {} numbers do not fit; use --svd randomised with "
                                         "fewer components",
                                         o.data_dim, columns_of(o)));
  return o;
}

Tensor zeros(at::IntArrayRef shape) { return torch::zeros(shape, torch::kFloat64); }

Tensor orthonormal(const Tensor& y) { return std::get<0>(at::linalg_qr(y)); }

}  // namespace

std::vector<std::pair<PcaSvd, std::string_view>> enum_names(PcaSvd) {
  return {{PcaSvd::exact, "exact"}, {PcaSvd::randomised, "randomised"}};
}

Pca::Pca(const PcaOptions& asked) : Pca(checked_together(asked), Resolved{}) {}

Pca::Pca(const PcaOptions& o, Resolved)
    : options_(o),
      moments_(
          register_module("moments", std::make_shared<RunningMoments>(o.data_dim, columns_of(o)))),
      mean_(register_buffer("mean", zeros({o.data_dim}))),
      directions_(
          register_buffer("directions", torch::eye(o.data_dim, *o.components, torch::kFloat64))),
      variances_(register_buffer("variances", torch::ones({*o.components}, torch::kFloat64))),
      rest_(register_buffer("rest", torch::ones({1}, torch::kFloat64))),
      loss_(register_buffer("loss", zeros({1}))),
      passes_(register_buffer("passes", torch::zeros({1}, torch::kInt64))) {
  if (o.svd == PcaSvd::randomised)
    basis_ = register_buffer("basis", torch::randn({o.data_dim, columns_of(o)}, torch::kFloat64));
}

ItemShape Pca::shape() const {
  return {options_.data_dim, options_.channels, options_.height, options_.width};
}

Values Pca::values() const { return options_.channels > 0 ? Values::unit : Values::real; }

std::int64_t Pca::most_passes() const {
  return options_.svd == PcaSvd::exact ? 1 : 2 + options_.power;
}

double Pca::loss() const { return loss_.item<double>(); }

void Pca::begin_pass() { moments_->clear(); }

void Pca::observe(const Batch& batch) {
  moments_->add(shape().real_numbers("pca.observe", batch.x), basis_);
}

// Halko et al.: the first pass makes Y = C Omega, every later one Y = C Q with Q an orthonormal
// basis of the last Y (Algorithm 4.4); Q^T Y = Q^T C Q then has the eigenvalues that Q reaches
// (Algorithm 5.3).
bool Pca::end_pass() {
  torch::NoGradGuard no_grad;
  passes_ += 1;
  const auto y = moments_->covariance();
  const auto left = components();
  if (options_.svd == PcaSvd::exact) {
    const auto axes = principal_axes(y);
    set_law(axes.directions.narrow(1, 0, left), axes.variances.narrow(0, 0, left));
    return true;
  }
  const auto pass = passes_.item<std::int64_t>();
  if (pass == 1) {
    basis_.copy_(orthonormal(y));
    const double mean_variance = moments_->total_variance() / static_cast<double>(y.size(0));
    set_law(basis_.narrow(1, 0, left), torch::full({left}, mean_variance, y.options()));
    return false;
  }
  const auto axes = principal_axes(basis_.t().matmul(y));
  set_law(basis_.matmul(axes.directions.narrow(1, 0, left)), axes.variances.narrow(0, 0, left));
  const bool done = pass >= most_passes();
  if (!done) basis_.copy_(orthonormal(y));
  return done;
}

// Tipping & Bishop eq. (8): s2 is the mean of what the axes leave over.  With m_j the variances of
// the data along the axes and R all the rest of their variance,
//   -log p = 1/2 [D ln 2 pi + sum_j ln l_j + (D - J) ln s2 + sum_j m_j / l_j + R / s2],
// eq. (5), where l_j = m_j and R = (D - J) s2 unless the floor binds.
void Pca::set_law(const Tensor& directions, const Tensor& measured) {
  const auto d = static_cast<double>(options_.data_dim);
  const auto others = static_cast<double>(options_.data_dim - components());
  const double total = moments_->total_variance();
  const double least = options_.floor * (total > 0 ? total / d : 1);
  const double over = others > 0 ? std::max(0.0, total - measured.sum().item<double>()) : 0;
  const double s2 = std::max(least, over / std::max(1.0, others));
  mean_.copy_(moments_->mean());
  directions_.copy_(directions);
  variances_.copy_(measured.clamp_min(least));
  rest_.fill_(s2);
  const auto along = (variances_.log() + measured / variances_).sum().item<double>();
  loss_.fill_(0.5 *
              (d * std::log(2 * std::numbers::pi) + along + others * std::log(s2) + over / s2));
}

Tensor Pca::log_prob(const Batch& batch) {
  return law().log_prob(shape().real_numbers("pca.log_prob", batch.x));
}

Tensor Pca::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto noise = rng.normal({request.count, options_.data_dim}).to(mean_.options());
  const auto x = law().at_noise(noise * std::sqrt(request.temperature)).to(torch::kFloat32);
  return shape().shaped(options_.channels > 0 ? x.clamp(0, 1) : x);
}

Tensor Pca::code_scale() const {
  return options_.whiten ? variances_.sqrt() : torch::ones_like(variances_);
}

Tensor Pca::encode_mean(const Batch& batch) {
  const auto c = shape().real_numbers("pca.encode_mean", batch.x) - mean_;
  return (c.matmul(directions_) / code_scale()).to(batch.x.scalar_type());
}

Tensor Pca::decode_mean(const Tensor& z) {
  check_shape("pca.decode_mean", "z", z, {kAny, components()});
  const auto scores = z.to(torch::kFloat64) * code_scale();
  return shape().shaped(mean_ + scores.matmul(directions_.t())).to(z.scalar_type());
}

Tensor Pca::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("pca.sample_prior", "count", count);
  const auto scores = rng.normal({count, components()}).to(mean_.options());
  return (scores * variances_.sqrt() / code_scale()).to(torch::kFloat32);
}

Tensor Pca::prior_quantile(const Tensor& u) const {
  const auto scores = torch::special::ndtri(u.to(torch::kFloat64));
  return (scores * variances_.sqrt() / code_scale()).to(u.scalar_type());
}

}  // namespace kiln
