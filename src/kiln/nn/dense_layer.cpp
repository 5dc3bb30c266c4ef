#include "kiln/nn/dense_layer.h"

#include <string>

#include "kiln/kernels/dense.h"

namespace kiln {

Tensor DenseLayerImpl::forward(const Tensor& x) { return dense(x, weight, bias, f_); }

void push_dense_layers(torch::nn::Sequential& network, std::int64_t in, std::int64_t units,
                       std::int64_t layers, Activation f) {
  for (std::int64_t i = 0; i < layers; ++i)
    network->push_back(std::to_string(2 * i), DenseLayer(i == 0 ? in : units, units, f));
}

}  // namespace kiln
