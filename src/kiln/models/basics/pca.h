#pragma once

#include "kiln/core/running_moments.h"
#include "kiln/models/model.h"
#include "kiln/prob/axis_normal.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

enum class PcaSvd { exact, randomised };
std::vector<std::pair<PcaSvd, std::string_view>> enum_names(PcaSvd);

struct PcaOptions {
  std::int64_t data_dim = 784;                            // D
  std::int64_t channels = 0, height = 0, width = 0;       // C, H, W; all 0 for tables
  std::optional<std::int64_t> components = std::nullopt;  // J
  PcaSvd svd = PcaSvd::exact;
  std::int64_t power = 2;
  std::int64_t oversample = 10;
  double floor = 1e-6;
  bool whiten = false;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit("components", self.components,
          Field{.help = "directions that are kept; auto: 20, or as many as x has numbers",
                .low = 1,
                .high = 4096});
    visit("svd", self.svd, Field{.help = "exact: one pass, D x D numbers; randomised: D x J"});
    visit("power", self.power,
          Field{.help = "power passes of the randomised way", .low = 0, .high = 100});
    visit("oversample", self.oversample,
          Field{.help = "directions beside the components, randomised", .low = 0, .high = 4096});
    visit("floor", self.floor,
          Field{.help = "least variance, as a share of the mean one", .low = 1e-12, .high = 1});
    visit("whiten", self.whiten, Field{.help = "codes of variance 1 instead of the eigenvalues"});
  }
};

/// Principal component analysis and its density, probabilistic PCA.  Pearson 1901; Tipping & Bishop
/// 1999, J. R. Stat. Soc. B 61; randomised: Halko, Martinsson & Tropp 2011, arXiv:0909.4061.
///
///   C v_j = l_j v_j, C the covariance of the data (divided by N);  z = V^T (x - mean)
///   x ~ N(mean, V diag(l) V^T + s2 (I - V V^T)),  s2 = the mean of the other eigenvalues
///
/// which is Tipping & Bishop's W W^T + s2 I with W = V (diag(l) - s2 I)^(1/2).
/// Shapes: B batch, D data_dim, J components; x is [B, D], or [B, C, H, W] when channels > 0.
/// Densities are in nats, all sums in float64.  Codes z [B, J] are the scores; under the model they
/// are N(0, diag(l)), which sample_prior draws, and the mean of x given z is mean + V z.  With
/// `whiten` a code is divided by the root of its eigenvalue, and N(0, I).
/// Exact: one pass.  Randomised: 2 + power passes; the first leaves N(mean, tr C / D I).
/// Differs from the papers: no eigenvalue of the law is below floor tr C / D.
class Pca : public Fitted,
            public Sampler,
            public Likelihood,
            public Encoder,
            public Decoder,
            public Prior {
 public:
  using Options = PcaOptions;

  /// Throws ConfigError if a size is out of range, if components > data_dim, or if the exact way
  /// would need more than 2^27 numbers.
  explicit Pca(const PcaOptions& options);

  Values values() const override;

  void begin_pass() override;
  /// Throws ShapeError for another shape, ConfigError unless x is finite.
  void observe(const Batch& batch) override;
  bool end_pass() override;
  double loss() const override;  ///< -log p of the data, nats per item, of the law as it stands.
  std::int64_t most_passes() const override;

  Tensor log_prob(const Batch& batch) override;  ///< [B] float64, exact.
  /// From p(x)^(1 / temperature), normalised: all variances times the temperature.  Cut to [0, 1]
  /// for images.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;
  std::int64_t components() const { return *options_.components; }
  std::int64_t code_size() const override { return components(); }
  Tensor encode_mean(const Batch& batch) override;  ///< [B, J], in x's type.
  Tensor decode_mean(const Tensor& z) override;     ///< z [B, J] -> mean + V z, in z's type.
  Tensor sample_prior(std::int64_t count, Rng& rng) override;  ///< [count, J].
  Tensor prior_quantile(const Tensor& u) const override;       ///< Of N(0, diag(l)), or N(0, I).

  const Tensor& directions() const { return directions_; }  ///< V [D, J], float64.
  const Tensor& variances() const { return variances_; }    ///< l [J], falling.
  double rest() const { return rest_.item<double>(); }      ///< s2.

 private:
  struct Resolved {};
  Pca(const PcaOptions& options, Resolved);  // options that are whole and checked

  ItemShape shape() const;
  AxisNormal law() const { return {mean_, directions_, variances_, rest_}; }
  void set_law(const Tensor& directions, const Tensor& measured);
  Tensor code_scale() const;

  PcaOptions options_;
  std::shared_ptr<RunningMoments> moments_;
  Tensor mean_, directions_, variances_, rest_, loss_;
  Tensor passes_;
  Tensor basis_;  // [D, m], randomised: Halko's Omega, then Q
};

}  // namespace kiln
