#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <cstdint>

namespace kiln {

enum class GanNetwork { dense, conv };
std::vector<std::pair<GanNetwork, std::string_view>> enum_names(GanNetwork);

struct DenseGeneratorOptions {
  std::int64_t inputs = 64, hidden = 128, layers = 2, outputs = 2;
  bool images = false;  ///< Ends in a tanh, for pictures in [-1, 1].
};

/// Dense layers with ReLUs: z [B, inputs] -> [B, outputs].  Weights start orthogonal, biases 0.
torch::nn::Sequential make_dense_generator(const DenseGeneratorOptions& options);

struct ConvGeneratorOptions {
  std::int64_t inputs = 100, channels = 1, side = 28, filters = 32;
};

/// Throws ConfigError, beginning with `where`, unless convolutional networks can make and judge
/// such images: square, a multiple of 4 from 8 pixels up.
void check_conv_image(std::string_view where, std::int64_t channels, std::int64_t height,
                      std::int64_t width);

/// Radford, Metz & Chintala 2016, arXiv:1511.06434, figure 1: z [B, inputs, 1, 1] -> [B, C, S, S]
/// in
/// [-1, 1] by fractionally strided 4x4 convolutions with batch normalisation and ReLUs, filters
/// halving towards `filters` next to the image.
torch::nn::Sequential make_conv_generator(const ConvGeneratorOptions& options);

/// Section 4 there: weights from N(0, 0.02^2); the scales of batch normalisation from
/// N(1, 0.02^2).
void start_dcgan_weights(torch::nn::Module& network);

}  // namespace kiln
