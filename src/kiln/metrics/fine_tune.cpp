#include "kiln/metrics/fine_tune.h"

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <limits>

#include "kiln/core/check.h"
#include "kiln/feed/batches.h"
#include "kiln/models/seen_as.h"
#include "kiln/train/optimizer.h"

namespace kiln {
namespace {

Encoder& encoder_of(Model& model) {
  auto* encoder = seen_as<Encoder>(model);
  if (!encoder) throw ConfigError("fine_tune", "the model has no encoder");
  return *encoder;
}

std::vector<Tensor> tensors_of(const std::vector<NamedTensor>& parameters) {
  std::vector<Tensor> tensors;
  for (const auto& parameter : parameters) tensors.push_back(parameter.tensor);
  return tensors;
}

std::vector<Tensor> copies_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  for (const auto& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

Batch whole(const DatasetPtr& data, const Transform& transform,
            const std::vector<std::int64_t>& items, const FineTuneOptions& options) {
  Loader loader(subset(data, items), transform,
                LoaderOptions::one_pass(static_cast<std::int64_t>(items.size()), options.seed, 0));
  return to_batch(loader.next(), loader.info(), options.device);
}

}  // namespace

TunedClassifier::TunedClassifier(Model& model, LinearProbe probe, const DatasetPtr& data,
                                 const Transform& transform, const LabelledSplit& split,
                                 const FineTuneOptions& options)
    : model_(model),
      encoder_(encoder_of(model)),
      probe_(std::move(probe)),
      weight_(probe_.weight.to(options.device, torch::kFloat32).clone().set_requires_grad(true)) {
  train(data, transform, split, options);
}

Tensor TunedClassifier::logits(const Tensor& x) const {
  const auto features = probe_.scale.standard(encoder_.encode_mean(x).to(torch::kFloat32));
  return torch::addmm(weight_.select(1, weight_.size(1) - 1), features,
                      weight_.narrow(1, 0, weight_.size(1) - 1).t());
}

Tensor TunedClassifier::loss(const Batch& batch) const {
  return torch::nll_loss(torch::log_softmax(logits(batch.x), 1), batch.y);
}

Tensor TunedClassifier::predict(const Tensor& x) const {
  torch::NoGradGuard no_grad;
  return logits(x).argmax(1);
}

// The parameters that the gradient of the loss reaches.
std::vector<NamedTensor> TunedClassifier::encoder_parameters(const Batch& batch) const {
  std::vector<NamedTensor> all, reached;
  for (const auto& entry : model_.named_parameters()) all.push_back({entry.key(), entry.value()});
  const auto value = loss(batch);
  if (!all.empty()) {
    const auto gradients = torch::autograd::grad({value}, tensors_of(all), {}, false, false, true);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (gradients[i].defined()) reached.push_back(all[i]);
  }
  if (reached.empty())
    throw ConfigError("fine_tune",
                      "the codes of this model depend on no parameter that learns by "
                      "gradients; judge its frozen features");
  return reached;
}

void TunedClassifier::train(const DatasetPtr& data, const Transform& transform,
                            const LabelledSplit& split, const FineTuneOptions& options) {
  const auto apart = whole(data, transform, split.held_out, options);
  Loader loader(subset(data, split.fit), transform,
                {.batch = options.batch, .seed = options.seed, .threads = 0});
  const auto encoder = encoder_parameters(apart);
  const std::vector<NamedTensor> head{{"head", weight_}};
  Optimizer encoder_steps(encoder, {}), head_steps(head, {});
  auto learned = tensors_of(encoder);
  learned.push_back(weight_);
  auto kept = learned;  // and what a batch normalisation has seen
  for (const auto& buffer : model_.buffers()) kept.push_back(buffer);
  auto best = copies_of(kept);
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t epoch = 0; epoch <= options.most_epochs; ++epoch) {
    model_.eval();
    torch::NoGradGuard no_grad;
    if (const double held_out = loss(apart).item<double>(); held_out < least)
      least = held_out, best = copies_of(kept), epochs_ = epoch;
    if (epoch == options.most_epochs || epoch - epochs_ >= options.patience) break;
    model_.train();
    for (std::int64_t i = 0; i < loader.batches_per_epoch(); ++i) {
      torch::AutoGradMode with_gradient(true);
      const auto batch = to_batch(loader.next(), loader.info(), options.device);
      auto gradients = torch::autograd::grad({loss(batch)}, learned);
      const auto head_gradient = gradients.back();
      gradients.pop_back();
      encoder_steps.step(gradients, options.encoder_rate);
      head_steps.step({head_gradient}, options.head_rate);
    }
  }
  model_.eval();
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i].copy_(best[i]);
}

}  // namespace kiln
