#pragma once

#include "kiln/models/model.h"
#include "kiln/nn/item_sample.h"
#include "kiln/nn/standardiser.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct KernelDensityOptions {
  std::int64_t data_dim = 2;                         // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t centres = 10000;
  std::optional<double> bandwidth = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit("centres", self.centres,
          Field{.help = "items that are kept, a uniform sample", .low = 1, .high = 1e6});
    visit("bandwidth", self.bandwidth,
          Field{.help = "deviation of a kernel, standardised; auto: by leave-one-out likelihood",
                .low = 1e-6,
                .high = 1e6});
  }
};

/// Kernel density estimate with Gaussian kernels (Parzen windows).  Rosenblatt 1956, Ann. Math.
/// Stat. 27; Parzen 1962, Ann. Math. Stat. 33; bandwidth by cross-validated likelihood: Duin 1976,
/// IEEE Trans. Comput. 25.
///
///   p(y) = (1/n) sum_j N(y; c_j, h^2 I),   y = (x - shift) / scale
///
/// Shapes: B batch, D data_dim, n centres; x is [B, D], or [B, C, H, W] when channels > 0.
/// Densities are in nats, in x's own units, and float64.  Tables are standardised by the mean and
/// the deviation of the training data, images are taken as they are.  One pass.
/// Differs from the papers: of more than `centres` items a uniform sample is kept; the bandwidth is
/// sought on a grid of sixteenths of an octave, judged at up to 4096 of the kept items.
class KernelDensity : public Fitted, public Sampler, public Likelihood, public Standardised {
 public:
  using Options = KernelDensityOptions;

  /// Throws ConfigError if a size is out of range, or if the centres would need more than 2^25
  /// numbers.
  explicit KernelDensity(const KernelDensityOptions& options);

  Values values() const override;
  /// Tables: sets shift and scale.  Throws ConfigError for a column that does not vary, naming it.
  void start_from_data(const DataMoments& moments) override;

  void begin_pass() override { sample_->clear(); }
  /// Throws ShapeError for another shape, ConfigError unless x is finite.
  void observe(const Batch& batch) override;
  /// True.  Chooses the bandwidth unless it is given; throws ConfigError where one item is all.
  bool end_pass() override;
  /// Mean -log p of the kept items (of 4096 at most), nats; each of them has a kernel of its own,
  /// so new items fare worse.
  double loss() const override;
  std::int64_t most_passes() const override { return 1; }

  Tensor log_prob(const Batch& batch) override;  ///< [B] float64, exact.
  double log_volume() const override;            ///< sum_d log scale_d, nats.
  /// The temperature multiplies the variance of the kernels.  Cut to [0, 1] for images.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

  double bandwidth() const { return bandwidth_.item<double>(); }  ///< h, standardised.

 private:
  ItemShape shape() const;
  Tensor centres() const;  // [n, D] float64, standardised; the origin before any item

  KernelDensityOptions options_;
  std::shared_ptr<Standardiser> standardiser_;
  std::shared_ptr<ItemSample> sample_;
  Tensor bandwidth_, loss_;
};

}  // namespace kiln
