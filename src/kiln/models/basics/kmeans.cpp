#include "kiln/models/basics/kmeans.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/check.h"
#include "kiln/prob/finite_rows.h"
#include "kiln/prob/nearest_centre.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostNumbers = 1 << 27;  // of the first items, and so of the centres
constexpr double kRounding = 1e-12;             // of the inertia: what the order of sums can change

const KMeansOptions& checked_together(const KMeansOptions& o) {
  checked("kmeans", o);
  if (o.start_items < o.clusters)
    throw ConfigError("kmeans.start_items",
                      fmt::format("{} clusters start from as many different items, got {}; use at "
                                  "least as many as clusters",
                                  o.clusters, o.start_items));
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("kmeans");
  if (o.start_items > kMostNumbers / o.data_dim)
    throw ConfigError("kmeans.start_items",
                      fmt::format("{} items of {} numbers do not fit; at most {} do", o.start_items,
                                  o.data_dim, kMostNumbers / o.data_dim));
  return o;
}

Tensor zeros(at::IntArrayRef shape) { return torch::zeros(shape, torch::kFloat64); }

}  // namespace

KMeans::KMeans(const KMeansOptions& o)
    : options_(checked_together(o)),
      sample_(register_module("sample", std::make_shared<ItemSample>(o.start_items, o.data_dim))),
      moments_(register_module("moments", std::make_shared<RunningMoments>(o.data_dim, 0))),
      centres_(register_buffer("centres", zeros({o.clusters, o.data_dim}))),
      counts_(register_buffer("counts", torch::ones({o.clusters}, torch::kFloat64))),
      started_(register_buffer("started", torch::zeros({1}, torch::kBool))),
      loss_(register_buffer("loss", zeros({1}))),
      weights_(register_buffer("weights", zeros({o.clusters}))),
      pass_counts_(register_buffer("pass_counts", zeros({o.clusters}))),
      sums_(register_buffer("sums", zeros({o.clusters, o.data_dim}))),
      total_(register_buffer("total", zeros({1}))),
      farthest_(register_buffer("farthest", zeros({o.data_dim}))),
      farthest_distance_(register_buffer("farthest_distance", zeros({1}))) {}

ItemShape KMeans::shape() const {
  return {options_.data_dim, options_.channels, options_.height, options_.width};
}

Values KMeans::values() const { return options_.channels > 0 ? Values::unit : Values::real; }

double KMeans::loss() const { return loss_.item<double>(); }

void KMeans::begin_pass() {
  pass_counts_.zero_(), sums_.zero_(), total_.zero_(), farthest_distance_.zero_();
  if (!started()) sample_->clear(), moments_->clear();
}

void KMeans::observe(const Batch& batch) {
  if (started()) return learn(shape().flat("kmeans.observe", "x", batch.x));
  const auto x = shape().real_numbers("kmeans.observe", batch.x);
  sample_->add(x);
  moments_->add(x);
  if (options_.minibatch && sample_->seen() >= options_.start_items) start();
}

// k-means++ on the sample.  The inertia of the first centre c alone is tr cov(x) + |mean - c|^2;
// any further centre can only lower it.
void KMeans::start() {
  if (sample_->seen() < options_.clusters)
    throw ConfigError("kmeans.clusters",
                      fmt::format("{} clusters need at least as many items, got {}; use fewer",
                                  options_.clusters, sample_->seen()));
  auto random = sample_->random("plus_plus");
  centres_.copy_(plus_plus(sample_->items().to(torch::kFloat64), options_.clusters, random));
  loss_.fill_(moments_->total_variance()).add_((moments_->mean() - centres_[0]).square().sum());
  started_.fill_(true);
}

// Lloyd: the sums of x - c from which the pass's end moves the centres.  Sculley, Algorithm 1: with
// the rate 1 / (items that the centre has ever had) a centre is the mean of all of them.
void KMeans::learn(const Tensor& x) {
  torch::NoGradGuard no_grad;
  const auto near = clustered(x);
  total_ += near.distance.sum();
  pass_counts_ += near.counts;
  const auto place = near.distance.argmax();
  if (near.distance[place].item<double>() > farthest_distance_.item<double>())
    farthest_.copy_(x[place]), farthest_distance_.copy_(near.distance[place]);
  if (options_.minibatch) {
    weights_ += near.counts;
    centres_ += near.sums / weights_.clamp_min(1).unsqueeze(1);
  } else {
    sums_ += near.sums;
  }
}

// The fused twin where it serves.  A number that is not finite shows in a distance, and is then
// looked for.
ClusteredRows KMeans::clustered(const Tensor& x) const {
  if (cluster_rows_serves(x, centres_)) {
    auto near = cluster_rows(x, centres_);
    if (near.distance.isfinite().all().item<bool>()) return near;
  }
  const auto rows = finite_rows("kmeans.observe", "x", x);
  const auto near = nearest_centre(rows, centres_);
  const auto [counts, sums] =
      cluster_sums(rows - centres_.index_select(0, near.index), near.index, options_.clusters);
  return {near.index, near.distance, counts, sums};
}

bool KMeans::reseed_one() {
  const auto empty = pass_counts_.eq(0).nonzero();
  if (empty.size(0) == 0 || farthest_distance_.item<double>() == 0) return false;
  centres_[empty[0][0]].copy_(farthest_);
  weights_[empty[0][0]].fill_(0);
  return true;
}

// Moving a centre to its mean lowers the sum of squares by n |mean - c|^2.
bool KMeans::end_pass() {
  if (!started()) return start(), false;
  const double seen = pass_counts_.sum().item<double>();
  if (seen == 0) return false;  // a start drawn from the very last batch
  counts_.copy_(pass_counts_);
  loss_.copy_(total_ / seen);
  const auto moves = sums_ / pass_counts_.clamp_min(1).unsqueeze(1);
  const double fall = (pass_counts_.unsqueeze(1) * moves.square()).sum().item<double>();
  const bool settled = fall <= kRounding * total_.item<double>();
  if (!settled) centres_ += moves;
  const bool reseeded = reseed_one();
  return !options_.minibatch && settled && !reseeded;
}

Tensor KMeans::encode_mean(const Batch& batch) {
  const auto index =
      nearest_centre(shape().real_numbers("kmeans.encode_mean", batch.x), centres_).index;
  return torch::one_hot(index, options_.clusters).to(batch.x.scalar_type());
}

Tensor KMeans::decode_mean(const Tensor& z) {
  check_shape("kmeans.decode_mean", "z", z, {kAny, options_.clusters});
  return shape().shaped(z.to(torch::kFloat64).matmul(centres_)).to(z.scalar_type());
}

Tensor KMeans::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("kmeans.sample_prior", "count", count);
  const auto sums = counts_.cumsum(0);
  const auto u = rng.uniform({count, 1}).to(sums.options()) * sums[-1];
  const auto index = sums.le(u).sum(1).clamp_max(options_.clusters - 1);
  return torch::one_hot(index, options_.clusters).to(torch::kFloat32);
}

Tensor KMeans::prior_quantile(const Tensor&) const {
  throw ConfigError(
      "kmeans.prior_quantile",
      "codes are one-hot clusters, which lie on no line; `kiln decode` draws centres");
}

std::vector<RecipeFor<KMeansOptions>> KMeans::recipes() {
  return {{"all data", always<KMeansOptions>, {{"epochs", "100"}, {"batch", "1000"}}}};
}

}  // namespace kiln
