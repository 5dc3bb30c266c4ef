#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/tensor.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

/// What a model of discrete numbers learns from its data.
struct DiscreteShape {
  std::int64_t data_dim = 784;  // D
  std::int64_t channels = 0;    // 0 for tables: x is [B, D]
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t states = 2;  // q

  ItemShape items() const { return {data_dim, channels, height, width}; }

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit(
        "states", self.states,
        Field{.help = "values that each number takes", .low = 2, .high = 65536, .from_data = true});
  }
};

/// Items of numbers 0 .. q - 1, between their natural places and the order in which a model visits
/// them.  B batch, D data_dim; x is [B, D], or [B, C, H, W] when channels > 0.
class DiscreteItems {
 public:
  /// `order` is a permutation of 0 .. D - 1.  Throws ConfigError unless data_dim is channels *
  /// height * width.
  DiscreteItems(std::string model, const DiscreteShape& shape,
                const std::vector<std::int64_t>& order);

  const Tensor& order() const { return order_; }  ///< [D] int64, CPU.
  std::int64_t size() const { return shape_.data_dim; }
  std::int64_t step_of(std::int64_t d) const { return inverse_[static_cast<std::size_t>(d)]; }

  /// Any numbers as [B, D] of type float32 in visiting order, contiguous on the CPU.  Throws
  /// ShapeError.
  Tensor visited(const char* function, const char* name, const Tensor& x) const;
  /// Throws ConfigError unless x holds whole numbers 0 .. q - 1.
  void check_states(const char* function, const Tensor& x) const;
  /// [B, D] in visiting order -> [B, D] in natural places.
  Tensor natural(const Tensor& visited) const;
  /// [B, D] in natural places -> x's own shape.
  Tensor shaped(const Tensor& x) const { return shape_.shaped(x); }

 private:
  std::string where(const char* function) const { return model_ + "." + function; }

  std::string model_;
  ItemShape shape_;
  std::int64_t states_;    // q
  Tensor order_, places_;  // places_[order_[i]] = i
  std::vector<std::int64_t> inverse_;
};

}  // namespace kiln
