#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/nn/modules/container/sequential.h>

#include "kiln/core/tensor.h"

namespace kiln {

enum class CoderNetwork { dense, conv };
std::vector<std::pair<CoderNetwork, std::string_view>> enum_names(CoderNetwork);

enum class CoderActivation { relu, tanh };
std::vector<std::pair<CoderActivation, std::string_view>> enum_names(CoderActivation);

/// Sizes of an encoder and the decoder that mirrors it.
struct CoderOptions {
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t latent = 20;                          // J
  std::int64_t hidden = 500;
  std::int64_t layers = 2;    ///< Dense: hidden layers each side.
  std::int64_t filters = 32;  ///< Conv: filters of the layer at half the image's size.
  CoderActivation activation = CoderActivation::relu;  ///< Of every hidden layer.
  std::int64_t outputs = 1;                            ///< P, what the decoder says of each number.
  std::int64_t classes = 0;  ///< C numbers, one of them 1, that both are told beside their input.
};

/// Throws ConfigError unless C H W = D for images, and unless conv gets images whose sides are
/// multiples of 4 from 8 up and relu, and unless the layer that touches the data is of sane size.
void check_coder(std::string_view where, const CoderOptions& options);

/// x -> [B, hidden], the activation after every layer.  Dense: x [B, D].  Conv: x [B, C, H, W],
/// halved by 4x4 convolutions with stride 2, filters doubling up to eightfold, until a side is odd
/// or at most 7; then one dense layer.  No layer looks across the batch.
torch::nn::Sequential make_encoder(const CoderOptions& options);

/// The mirror image: z [B, J] -> [B, P D], without activation at the end: all numbers' first
/// output, then all numbers' second.  Its last parameter is the output bias: [P D] (dense) or [P C]
/// (conv).
torch::nn::Sequential make_decoder(const CoderOptions& options);

/// What the encoder takes: x as in Batch, and the one-hot class [B, classes], if there are any, as
/// further columns (dense) or as further channels that are constant over the image (conv).
Tensor encoder_input(const CoderOptions& options, const Tensor& x, const Tensor& one_hot);

/// How dense layers under this activation start.  Relu: LibTorch's own way, untouched.  Tanh:
/// weights uniform in +-sqrt(6 / (in + out)), biases 0; Glorot & Bengio 2010, eq. (16).
void start_dense_layers(torch::nn::Module& module, CoderActivation activation);

}  // namespace kiln
