#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "kiln/core/tensor.h"
#include "kiln/core/values.h"

namespace kiln {

/// What samples are judged through: images as grey levels or colours in [0, 1], [B, C, H, W], to
/// features [B, F].  No gradient; evaluation mode.
class FeatureNetwork {
 public:
  virtual ~FeatureNetwork() = default;
  /// Names the network and how images reach it, for the protocol beside every figure.
  virtual const std::string& name() const = 0;
  virtual Tensor features(const Tensor& x) = 0;
  /// log p(y|x), [B, K].  Throws ConfigError where it knows no classes.
  virtual Tensor class_log_probs(const Tensor& x) = 0;
};

/// A TorchScript file: its forward(x) gives features [B, F] (any [B, ...] is flattened), or a tuple
/// of features and class logits [B, K].  `side`: images are resized to side x side before,
/// bilinear, averaging over what falls together where they shrink (Parmar et al. 2022,
/// arXiv:2104.11222); grey images are repeated to three channels where the network refuses one.
/// Throws IoError for a file that is none or fails, naming it.
std::shared_ptr<FeatureNetwork> scripted_network(const std::filesystem::path& file,
                                                 std::optional<std::int64_t> side);

/// Images of a model's values [-1, 1], {0, 1} or states as numbers in [0, 1].
Tensor in_unit_range(const Tensor& x, ValueSet values);

}  // namespace kiln
