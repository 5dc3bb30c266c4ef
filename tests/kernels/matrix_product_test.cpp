#include "kiln/kernels/matrix_product.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "tests/support/signal_timer.h"

namespace kiln {
namespace {

// oneDNN's product with a transposed operand corrupts the heap when a handler runs on its stack.
TEST(MatrixProduct, SurvivesSignalsWhateverIsTransposed) {
  Rng rng(1);
  const auto a = rng.normal({100, 784}), b = rng.normal({784, 500});
  const auto a_stored_across = a.t().contiguous().t(), b_stored_across = b.t().contiguous().t();
  for (const auto& left : {a, a_stored_across})
    for (const auto& right : {b, b_stored_across}) {
      const auto truth = matrix_product(left, right);
      const SignalTimer timer(200);
      int wrong = 0;
      for (int i = 0; i < 500; ++i) wrong += !torch::equal(matrix_product(left, right), truth);
      EXPECT_EQ(wrong, 0);
      EXPECT_GT(timer.signals(), 50);
    }
}

}  // namespace
}  // namespace kiln
