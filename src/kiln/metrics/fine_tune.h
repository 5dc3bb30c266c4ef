#pragma once

#include "kiln/data/loader.h"
#include "kiln/metrics/labelled_split.h"
#include "kiln/metrics/linear_probe.h"
#include "kiln/models/model.h"

namespace kiln {

struct FineTuneOptions {
  double encoder_rate = 1e-4;  ///< Adam's, for what the codes depend on.
  double head_rate = 1e-3;     ///< Adam's, for the classifier.
  std::int64_t batch = 50;
  std::int64_t most_epochs = 200;
  std::int64_t patience = 20;  ///< Epochs without a better held-out loss before it stops.
  std::uint64_t seed = 1;      ///< Of the order of the items and of random binarisation.
  torch::Device device = torch::kCPU;
};

/// A classifier over an encoder that was trained with it.
class TunedClassifier {
 public:
  /// Trains the encoder in place together with a classifier that starts as `probe`, which must not
  /// have seen split.held_out, by the mean -log p(y) of split.fit; ends at the weights of the least
  /// held-out loss.  What encode_mean(x) does not depend on stays as it is, and the standardiser
  /// too.  Kumar et al. 2022, arXiv:2202.10054.  Throws ConfigError for a model whose codes depend
  /// on no parameter.
  TunedClassifier(Model& model, LinearProbe probe, const DatasetPtr& data,
                  const Transform& transform, const LabelledSplit& split,
                  const FineTuneOptions& options);

  Tensor predict(const Tensor& x) const;           ///< x as in Batch -> [B] int64; no gradient.
  std::int64_t epochs() const { return epochs_; }  ///< Up to the weights that are kept.

 private:
  Tensor logits(const Tensor& x) const;
  Tensor loss(const Batch& batch) const;
  std::vector<NamedTensor> encoder_parameters(const Batch& batch) const;
  void train(const DatasetPtr& data, const Transform& transform, const LabelledSplit& split,
             const FineTuneOptions& options);

  Model& model_;
  Encoder& encoder_;
  LinearProbe probe_;
  Tensor weight_;  // [K, F + 1], float32 on the device
  std::int64_t epochs_ = 0;
};

}  // namespace kiln
