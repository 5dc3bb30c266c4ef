#pragma once

#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// A dense critic at one point of its weights on one batch, with its first and second derivatives
/// by hand: no graph.
///
/// Shapes: N batch, D inputs, H units, L >= 1 hidden layers, P numbers in all weights and biases.
/// With h_0 = x the network is
///
///   a_l = h_l W_l^T + b_l,   h_{l+1} = f(a_l) = F_l * a_l,   l = 0 ... L,   y = a_L [N]
///
/// where F_l, the leaky ReLU's slope at a_l, is 1 or `slope` > 0, and f'' = 0.  Weights are lists
/// in the order of DenseCritic::parameters(), W_0 [H, D], b_0 [H], ..., W_L [1, H], b_L [1];
/// gradients and directions are vectors [P] in that order.  Everything without gradient, in any
/// floating type and on any device.
class DensePass {
 public:
  DensePass(const std::vector<Tensor>& weights, double slope, const Tensor& x);

  const Tensor& outputs() const { return y_; }  ///< y, [N].

  /// The gradient of a loss by the weights, [P], given its slopes by y, [N].
  Tensor gradient(const Tensor& slopes);
  /// After gradient(): the same loss's gradient by x, [N, D].
  Tensor input_gradient() const;

  struct Product {
    Tensor weights;  ///< [P].
    Tensor inputs;   ///< Of the rows asked for, [rows, D].
  };
  /// After gradient() of a loss whose second derivatives by y are `curvatures` [N] and, between
  /// different items, 0: the gradient of <gradient, direction> by the weights, which is the Hessian
  /// times the direction, and by the last `rows` rows of x.  Pearlmutter 1994, "Fast exact
  /// multiplication by the Hessian".
  Product times_hessian(const Tensor& direction, const Tensor& curvatures, std::int64_t rows) const;

 private:
  // The last two layers, y = w . f(W h + b) + c with h = h_{L-1}: given F they are linear in h, in
  // (W, b) and in w, so they need no derivative of h_L.
  struct Top {
    Tensor W, b, w, c;
  };
  struct Tangent;
  Top top_of(const std::vector<Tensor>& weights) const;
  Tangent tangent(const std::vector<Tensor>& s) const;
  void top_hessian(const std::vector<Tensor>& s, const Tangent& d, const Tensor& r, Top out) const;

  std::vector<Tensor> weights_;
  double slope_;
  std::vector<Tensor> h_;  // h_0 ... h_{L-1}, [N, D] and [N, H]
  Tensor top_slope_, y_;   // F_{L-1} [N, H]; y
  // After gradient(): the slopes y'; dy / dh_{L-1}; dloss / da_l, l < L - 1, [N, H]; the sums over
  // the batch F_{L-1}^T (y' * h_{L-1}) and F_{L-1}^T y'.
  Tensor slopes_, v_;
  std::vector<Tensor> p_;
  Tensor g_, n_;
};

/// The numbers of `flat` [P] as tensors of the shapes of `like`, without copying.
std::vector<Tensor> in_shapes_of(const std::vector<Tensor>& like, const Tensor& flat);

}  // namespace kiln
