#pragma once

#include "kiln/kernels/lstm_scan_twin.h"

namespace kiln {

/// An LSTM over the cells of pictures: h of each cell, [B, H, W, h], as lstm_scan_twin.  float32 on
/// the CPU runs a kernel for the value and another for the gradient, whose bits do not depend on
/// the number of threads; anything else runs the twin.  gates [B, H, W, 4h'], packed.  Gradients
/// reach gates, K, h0 and c0.  Throws ShapeError; asking the kernel for second derivatives throws
/// ConfigError.
Tensor lstm_scan(const Tensor& gates, const LstmTensors& lstm, LstmPath path);

}  // namespace kiln
