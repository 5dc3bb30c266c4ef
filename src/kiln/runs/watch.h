#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kiln/data/dataset.h"
#include "kiln/data/transforms.h"
#include "kiln/models/model.h"
#include "kiln/runs/training_data.h"

namespace kiln {

/// What an implicit model is watched by: samples far from most of the data are the sign of mode
/// collapse.
constexpr const char* kCoverage = "data_coverage";

/// What a model's validation measures: the share of wrong classes where it learns classes, the
/// bound that training raises, the first figure that it has, or the coverage of its samples.
/// Empty: nothing.
std::string validation_metric(const Model& model);

/// Whether the best state is the one whose figure is best.
bool tells_the_best(const std::string& metric, const Model& model);

/// What a training's validation gives: the metric on the validation part, for the weights as they
/// are, negative where more is better.  Throws Interrupted where `stopped` says so.
double validation_figure(Model& model, const std::string& metric, const TrainingData& data,
                         const TrainOptions& options, torch::Device device,
                         const std::function<bool()>& stopped);

/// Whether a loss that should fall has risen in a training.
class LossWatch {
 public:
  void add(double loss);
  std::string warning() const;  ///< One line for a person, or empty.

 private:
  double first_ = 0, last_ = 0;
  std::int64_t records_ = 0;
};

/// One line for a person where less than 0.4 of the data is covered, else empty.
std::string coverage_warning(double coverage);

/// The same where a batch of training told at least half a nat more of a code than its pictures do
/// one by one.
std::string information_warning(const std::string& name, double in_training, double alone);

/// How many of them and of the samples are looked at: at most 512, and 2^25 numbers; at least 6.
std::int64_t coverage_items(std::int64_t item_size, std::int64_t items);

/// The share of validation items with a sample as near as their fifth neighbour among them:
/// `coverage` of manifold_coverage() on the numbers themselves, for as many samples as items.  0.97
/// for samples of the data's law, 1/8 where one of eight equal groups is all that is made, 0 where
/// samples look like nothing in the data.  NaN with fewer than 6 items.  model must be a Sampler.
double sample_coverage(Model& model, const DatasetPtr& valid, const Transform& transform,
                       std::uint64_t seed, torch::Device device);

}  // namespace kiln
