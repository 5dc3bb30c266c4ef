#pragma once

#include "kiln/core/recipe.h"
#include "kiln/core/running_moments.h"
#include "kiln/kernels/cluster_rows.h"
#include "kiln/models/model.h"
#include "kiln/nn/item_sample.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct KMeansOptions {
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t clusters = 10;                        // K
  std::int64_t start_items = 2000;
  bool minibatch = false;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit("clusters", self.clusters, Field{.help = "centres", .low = 1, .high = 65536});
    visit("start_items", self.start_items,
          Field{.help = "items that the first centres are drawn from", .low = 1, .high = 1e6});
    visit("minibatch", self.minibatch,
          Field{.help = "move the centres after every batch, for large data"});
  }
};

/// k-means: K centres that lower the mean squared distance of the items to the nearest one (the
/// inertia).  Lloyd 1957 (IEEE Trans. Inf. Theory 28, 1982); k-means++ start: Arthur &
/// Vassilvitskii 2007, SODA; mini-batches: Sculley 2010, WWW.
///
/// Shapes: B batch, D data_dim, K clusters; x is [B, D], or [B, C, H, W] when channels > 0.  Sums
/// are in float64.  Codes are [B, K], 1 at the nearest centre and 0 elsewhere.
/// The first pass draws a uniform sample of `start_items` items and takes the first centres from it
/// by k-means++; every later pass moves each centre to the mean of its items.  With `minibatch` the
/// start is drawn as soon as `start_items` items have been seen, and every batch moves the centres.
/// Differs from the papers: k-means++ sees the sample, not all the data; a centre without items in
/// a pass moves to the item that was farthest from its centre, one centre in each pass.
class KMeans : public Fitted, public Encoder, public Decoder, public Prior {
 public:
  using Options = KMeansOptions;
  static std::vector<RecipeFor<Options>> recipes();

  /// Throws ConfigError if a size is out of range or start_items < clusters.
  explicit KMeans(const KMeansOptions& options);

  Values values() const override;

  void begin_pass() override;
  /// Throws ShapeError for another shape, ConfigError unless x is finite.
  void observe(const Batch& batch) override;
  /// True when no centre moved.  Throws ConfigError when there are fewer items than clusters.
  bool end_pass() override;
  /// Inertia: mean |x - c|^2 over the pass, c the nearest of the centres that the pass began with
  /// (or that it had come to, with `minibatch`).  After the first pass: that of the first centre
  /// alone.
  double loss() const override;

  std::int64_t code_size() const override { return options_.clusters; }
  Tensor encode_mean(const Batch& batch) override;  ///< [B, K], one-hot, in x's type.
  Tensor decode_mean(const Tensor& z) override;     ///< z [B, K] -> z centres, in z's type.
  /// [count, K]: one-hot, a cluster drawn by its share of the items.
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  /// Throws ConfigError: one-hot codes have no quantiles.
  Tensor prior_quantile(const Tensor& u) const override;

  const Tensor& centres() const { return centres_; }  ///< [K, D] float64.
  const Tensor& counts() const { return counts_; }    ///< [K]: items of each cluster, last pass.

 private:
  ItemShape shape() const;
  bool started() const { return started_.item<bool>(); }
  void start();
  void learn(const Tensor& x);
  ClusteredRows clustered(const Tensor& x) const;
  bool reseed_one();

  KMeansOptions options_;
  std::shared_ptr<ItemSample> sample_;
  std::shared_ptr<RunningMoments> moments_;  // of the items that the sample was drawn from
  Tensor centres_, counts_, started_, loss_;
  Tensor weights_;                     // [K], minibatch: items that a centre has ever had
  Tensor pass_counts_, sums_, total_;  // of this pass: items [K], sum of x - c [K, D], of |x - c|^2
  Tensor farthest_, farthest_distance_;  // of this pass: item [D], its |x - c|^2
};

}  // namespace kiln
