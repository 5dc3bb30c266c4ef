#pragma once

#include "kiln/core/running_moments.h"
#include "kiln/models/gaussian_mixture_options.h"
#include "kiln/models/model.h"
#include "kiln/nn/item_sample.h"
#include "kiln/nn/standardiser.h"
#include "kiln/prob/axis_normal.h"

namespace kiln {

/// Mixture of Gaussians fitted by expectation maximisation.  Dempster, Laird & Rubin 1977, J. R.
/// Stat. Soc. B 39; Bishop 2006, Pattern Recognition and Machine Learning, 9.2.
///
///   p(y) = sum_k w_k N(y; m_k, C_k),  y = (x - shift) / scale
///   E: r_k = w_k N(y; m_k, C_k) / p(y)      M: w_k, m_k, C_k = share, mean and covariance under r
///
/// Shapes: B batch, D data_dim, K components; x is [B, D], or [B, C, H, W] when channels > 0.
/// Densities are in nats, in x's own units; all sums in float64.  Tables are standardised by the
/// mean and the deviation of the training data, images are taken as they are.
/// The first pass draws a uniform sample of `start_items` items; k-means on it gives the first
/// means, its shares the weights, its scatter within the clusters one covariance for all.  Of
/// several `starts` the best is taken, by what 20 passes of EM on three quarters of the sample make
/// of the last quarter.
/// Differs from the textbook: the start; every covariance is the likeliest one without a variance
/// below `floor` (Bishop has no floor), so the likelihood still never falls; a component that no
/// item belongs to keeps its mean and covariance.
class GaussianMixture : public Fitted,
                        public Sampler,
                        public Likelihood,
                        public Standardised,
                        public Encoder {
 public:
  using Options = GaussianMixtureOptions;
  static std::vector<RecipeFor<Options>> recipes() { return gaussian_mixture_recipes(); }

  /// Throws ConfigError if a size is out of range, if start_items < components, or if the
  /// covariances would need more than 2^27 numbers.
  explicit GaussianMixture(const GaussianMixtureOptions& options);

  Values values() const override;
  /// Tables: sets shift and scale.  Throws ConfigError for a column that does not vary, naming it.
  void start_from_data(const DataMoments& moments) override;

  void begin_pass() override;
  /// Throws ShapeError for another shape, ConfigError unless x is finite.
  void observe(const Batch& batch) override;
  /// True when the pass gained at most `tolerance`; the parameters then stay those that it judged.
  /// Throws ConfigError when there are fewer items than components.
  bool end_pass() override;
  /// Mean -log p of the pass's items under the parameters that the pass began with, nats.  After
  /// the first pass: an upper bound of it for the start, by Jensen from the mean and the covariance
  /// of the data.
  double loss() const override;

  /// "bic", from the second pass on.
  std::vector<std::pair<std::string, double>> figures() const override;

  Tensor log_prob(const Batch& batch) override;  ///< [B] float64, exact.
  double log_volume() const override;            ///< sum_d log scale_d, nats.
  Tensor log_responsibilities(const Tensor& x);  ///< log r [B, K], float64.
  std::int64_t code_size() const override { return options_.components; }
  Tensor encode_mean(const Batch& batch) override;  ///< r [B, K], in x's type.
  /// The temperature divides log w and multiplies the covariances.  Cut to [0, 1] for images.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

  std::int64_t free_parameters() const;
  /// Bayesian information criterion of the last pass, 2 N loss + free_parameters ln N.  Schwarz
  /// 1978.
  double bic() const;
  const Tensor& weights() const { return weights_; }  ///< [K], float64.
  const Tensor& means() const { return means_; }      ///< [K, D], standardised.
  Tensor covariance_of(std::int64_t k) const;         ///< [D, D], standardised.

 private:
  std::int64_t place(std::int64_t k) const;  // of C_k among the covariances
  Tensor standard(const char* where, const Tensor& x) const;
  Tensor centred(const Tensor& y) const;
  Tensor log_joint_of(const Tensor& c) const;
  Tensor log_joint(const Tensor& y) const;
  double bound_of_start() const;
  void clear_sums();
  void start();
  void start_from(const Tensor& y, const Tensor& means);
  double trial(const Tensor& y);
  void expect(const Tensor& y);
  void expect_part(const Tensor& c);
  void maximise();
  void set_covariance(std::int64_t place, const Tensor& covariance);

  GaussianMixtureOptions options_;
  std::shared_ptr<Standardiser> standardiser_;
  std::shared_ptr<ItemSample> sample_;
  std::shared_ptr<RunningMoments> moments_;
  Tensor weights_, means_, variances_;  // [K], [K, D], [K or 1, D]
  Tensor directions_;                   // [K or 1, D, D], where C_k has axes of its own
  Tensor loss_, passes_, seen_;
  // Of this pass, r under the old parameters: sum r [K], sum r (y - m_k) [K, D], sum r (y - m_k)
  // (y - m_k)^T [K or 1, D, D] or its diagonal, sum log p.
  Tensor counts_, first_, second_, log_likelihood_;
};

}  // namespace kiln
