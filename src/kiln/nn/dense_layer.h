#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "kiln/core/tensor.h"
#include "kiln/kernels/activation.h"

namespace kiln {

/// A dense layer and its activation, by the kernel: x [..., in] -> [..., out].  Names, sizes and
/// start of the weights are those of LibTorch's Linear layer.
class DenseLayerImpl : public torch::nn::LinearImpl {
 public:
  DenseLayerImpl(std::int64_t in, std::int64_t out, Activation f)
      : torch::nn::LinearImpl(in, out), f_(f) {}
  Tensor forward(const Tensor& x);

 private:
  Activation f_;
};
TORCH_MODULE(DenseLayer);

/// Appends `layers` of them, [..., in] -> [..., units].  They are named "0", "2", "4", ...: a
/// checkpoint reads as one of PyTorch's, where an activation has a number of its own.
void push_dense_layers(torch::nn::Sequential& network, std::int64_t in, std::int64_t units,
                       std::int64_t layers, Activation f);

}  // namespace kiln
