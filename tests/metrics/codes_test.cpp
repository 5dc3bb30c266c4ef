#include "kiln/metrics/codes.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/data/numbered_items.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// z = (first number of x, its square).
class SquareEncoder : public Encoder {
 public:
  std::int64_t code_size() const override { return size; }
  Tensor encode_mean(const Batch& batch) override {
    rows.push_back(batch.x.size(0));
    const auto first = batch.x.select(1, 0);
    return torch::stack({first, first.square()}, 1);
  }
  std::int64_t size = 2;
  std::vector<std::int64_t> rows;
};

LoaderOptions in_order(std::int64_t batch) {
  return {.batch = batch, .shuffle = false, .repeat = false, .drop_last = false, .threads = 0};
}

Transform as_they_are() {
  Transform transform;
  transform.from = transform.to = Values::unit;
  return transform;
}

Tensor normal(std::int64_t rows, std::int64_t size, std::uint64_t seed) {
  Rng rng(seed, "codes");
  return rng.normal({rows, size}).to(torch::kFloat64);
}

TEST(Codes, EveryItemIsEncodedOnceInOrderAFewAtATime) {
  const auto items = std::make_shared<NumberedItems>(7, 3);
  Loader loader(items, as_they_are(), in_order(3));
  SquareEncoder encoder;
  const auto codes = encode_items(encoder, loader, torch::kCPU);
  EXPECT_EQ(encoder.rows, (std::vector<std::int64_t>{3, 3, 1}));
  ASSERT_EQ(codes.z.sizes(), (std::vector<std::int64_t>{7, 2}));
  for (std::int64_t i = 0; i < 7; ++i) {
    const float value = static_cast<float>(i) / 6.0f;
    EXPECT_EQ(codes.z[i][0].item<float>(), value);
    EXPECT_EQ(codes.z[i][1].item<float>(), value * value);
    EXPECT_EQ(codes.y[i].item<std::int64_t>(), i);
  }
}

TEST(Codes, AnEncoderThatLiesAboutItsSizeIsRefused) {
  Loader loader(std::make_shared<NumberedItems>(4, 3), as_they_are(), in_order(4));
  SquareEncoder encoder;
  encoder.size = 5;
  EXPECT_EQ(message_of<ShapeError>([&] { encode_items(encoder, loader, torch::kCPU); }),
            "[codes] the code of x must have shape [4, 5], got [4, 2]");
}

// decode(z) = A z + b: moving a code by a difference of means moves the picture by the difference
// of the sets' mean pictures.
TEST(Codes, ArithmeticOnALinearDecoderIsExact) {
  const auto a = normal(5, 3, 1), b = normal(1, 5, 2);
  const auto decode = [&](const Tensor& z) { return torch::matmul(z, a.t()) + b; };
  const LabelledCodes codes{normal(9, 3, 3).to(torch::kFloat32),
                            torch::tensor({0, 1, 2, 0, 1, 2, 0, 0, 1})};
  const auto z = normal(4, 3, 4), all = codes.z.to(torch::kFloat64);
  const auto moved = decode(z + code_direction({mean_code(codes, 0)}, {mean_code(codes, 2)}));
  const auto plus = (decode(all[0]) + decode(all[3]) + decode(all[6]) + decode(all[7])) / 4;
  const auto minus = (decode(all[2]) + decode(all[5])) / 2;
  EXPECT_LT((moved - (decode(z) + plus - minus)).abs().max().item<double>(), 1e-12);
}

TEST(Codes, ADirectionIsWhatIsAddedLessWhatIsTakenAway) {
  const auto a = torch::tensor({1.0, 2.0}), b = torch::tensor({10.0, 0.0}),
             c = torch::tensor({0.0, 5.0});
  EXPECT_TRUE(torch::equal(code_direction({a, b}, {c}), torch::tensor({11.0, -3.0})));
  EXPECT_TRUE(torch::equal(code_direction({}, {a, c}), torch::tensor({-1.0, -7.0})));
  EXPECT_TRUE(torch::equal(a, torch::tensor({1.0, 2.0})));
}

TEST(Codes, AMeanOverNoItemIsRefused) {
  const std::string refusal =
      "[codes] none of 2 items has class 4; take more items, or another class";
  const LabelledCodes codes{torch::zeros({2, 3}), torch::tensor({0, 1})};
  EXPECT_EQ(message_of<ConfigError>([&] { mean_code(codes, 4); }), refusal);
  EXPECT_EQ(message_of<ConfigError>([&] { mean_code({codes.z, Tensor()}, 4); }), refusal);
}

// Points at +-3, +-2 and +-1 along three orthogonal directions: variances 9 : 4 : 1.
TEST(Codes, ThePlaneHoldsTheTwoDirectionsOfMostVariance) {
  const auto [q, r] = torch::linalg_qr(normal(4, 4, 5), "reduced");
  const auto along = [&](std::int64_t k, double length) { return length * q.select(1, k); };
  const auto z = torch::stack({along(0, 1), along(0, -1), along(1, 3), along(1, -3), along(2, 2),
                               along(2, -2)}) +
                 torch::tensor({5.0, -7.0, 0.5, 100.0}, torch::kFloat64);
  const auto plane = code_plane(z);
  EXPECT_NEAR(plane.first_share, 9.0 / 14, 1e-12);
  EXPECT_NEAR(plane.second_share, 4.0 / 14, 1e-12);
  const auto sign = [&](std::int64_t k) {
    const auto direction = q.select(1, k);
    return direction[direction.abs().argmax().item<std::int64_t>()].item<double>() > 0 ? 1.0 : -1.0;
  };
  auto expected = torch::zeros({6, 2}, torch::kFloat64);
  expected[2][0] = 3 * sign(1), expected[3][0] = -3 * sign(1);
  expected[4][1] = 2 * sign(2), expected[5][1] = -2 * sign(2);
  EXPECT_LT((plane.points - expected).abs().max().item<double>(), 1e-12) << plane.points;
  EXPECT_LT((plane.place(z.narrow(0, 2, 3)) - expected.narrow(0, 2, 3)).abs().max().item<double>(),
            1e-12);
}

TEST(Codes, TwoLatentsAreThePlaneThemselvesAndOneLiesOnALine) {
  const auto two = normal(5, 2, 6);
  EXPECT_TRUE(torch::equal(code_plane(two).points, two));
  EXPECT_EQ(code_plane(two).first_share, 0);
  const auto one = code_plane(two.narrow(1, 0, 1)).points;
  EXPECT_TRUE(torch::equal(one.select(1, 0), two.select(1, 0)));
  EXPECT_TRUE(torch::equal(one.select(1, 1), torch::zeros(5, torch::kFloat64)));
}

}  // namespace
}  // namespace kiln
