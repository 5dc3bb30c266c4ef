#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <functional>
#include <string>

#include "kiln/data/dataset.h"
#include "kiln/metrics/feature_network.h"

namespace kiln {

/// Kiln's own judge of images: a small convolutional classifier of a data set's labels.  Its
/// figures are called after it ("FD-kiln"), never FID: they compare runs on one data set and
/// nothing else.
///
/// A 3x3 convolution, ReLU and 2x2 maximum for every halving of the image, filters from 32
/// doubling, a dense layer of 128 units, a softmax.  Features are the 128 after their ReLU.
class LabelNetwork : public FeatureNetwork {
 public:
  LabelNetwork(std::int64_t channels, std::int64_t height, std::int64_t width, std::int64_t classes,
               std::uint64_t seed);

  const std::string& name() const override { return name_; }
  Tensor features(const Tensor& x) override;
  Tensor class_log_probs(const Tensor& x) override;
  double held_out_accuracy() const { return accuracy_; }  ///< Of items it was not trained on.

 private:
  friend struct LabelNetworkTraining;  // trains it, keeps it
  torch::nn::Sequential trunk_, head_;
  std::string name_;
  double accuracy_ = 0;
};

struct LabelNetworkOptions {
  std::int64_t steps = 2800;  ///< Of Adam on batches of 128, rate 1e-3 falling to 0.
  std::uint64_t seed = 1;
  /// Where trained networks are kept, one file for each content of the data; empty: nowhere.
  std::filesystem::path cache = {};
  std::function<void(const std::string&)> note = {};  ///< One line when it trains.
  /// After every step of training: the step, of how many, and the loss.
  std::function<void(std::int64_t step, std::int64_t steps, double loss)> progress = {};
};

/// Trained on the images and labels of `train`, judged on `held_out`; from the cache where it holds
/// one for the same items, labels and steps.  Throws ConfigError for data that are no images, have
/// no labels or are no multiple of 4 pixels.
std::shared_ptr<LabelNetwork> label_network(const DatasetPtr& train, const DatasetPtr& held_out,
                                            const LabelNetworkOptions& options);

/// $KILN_CACHE, $XDG_CACHE_HOME/kiln or $HOME/.cache/kiln; empty where none is set.
std::filesystem::path cache_folder();

}  // namespace kiln
