#include "kiln/nn/masked_conv.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/rng.h"
#include "kiln/nn/lane_network.h"

namespace kiln {
namespace {

using Groups = std::vector<std::int64_t>;

TEST(MaskedConv, ChannelsDivideMapsIntoBlocks) {
  EXPECT_EQ(channel_groups(7, 3), (Groups{0, 0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(channel_groups(2, 3), (Groups{0, 1}));
  EXPECT_EQ(repeated(channel_groups(3, 2), 2), (Groups{0, 0, 1, 0, 0, 1}));
}

// Whether output o may read input i at (row, column), by the words of the paper.
bool allowed(const MaskedConvOptions& o, std::int64_t out, std::int64_t in, std::int64_t down,
             std::int64_t right) {
  if (o.mask == ConvMask::rows) return down <= 0;
  if (down != 0) return down < 0;
  if (right != 0) return right < 0;
  const auto from = o.in[static_cast<std::size_t>(in)], to = o.out[static_cast<std::size_t>(out)];
  return o.mask == ConvMask::a ? from < to : from <= to;
}

// The sum over all taps, one number at a time.
Tensor by_hand(const MaskedConv2d& conv, const Tensor& x, std::int64_t own_row,
               std::int64_t own_column) {
  const auto& o = conv->options();
  const auto sizes = x.sizes();
  const auto y = torch::zeros({sizes[0], std::int64_t(o.out.size()), sizes[2], sizes[3]});
  const auto xa = x.accessor<float, 4>(), w = conv->weight.accessor<float, 4>();
  auto ya = y.accessor<float, 4>();
  for (std::int64_t b = 0; b < sizes[0]; ++b)
    for (std::int64_t n = 0; n < y.size(1); ++n)
      for (std::int64_t r = 0; r < sizes[2]; ++r)
        for (std::int64_t c = 0; c < sizes[3]; ++c) {
          double sum = conv->bias[n].item<double>();
          for (std::int64_t k = 0; k < sizes[1]; ++k)
            for (std::int64_t i = 0; i < o.rows; ++i)
              for (std::int64_t j = 0; j < o.columns; ++j) {
                const auto row = r + i - own_row, column = c + j - own_column;
                if (row < 0 || row >= sizes[2] || column < 0 || column >= sizes[3]) continue;
                if (allowed(o, n, k, i - own_row, j - own_column))
                  sum += double(w[n][k][i][j]) * double(xa[b][k][row][column]);
              }
          ya[b][n][r][c] = static_cast<float>(sum);
        }
  return y;
}

struct Case {
  MaskedConvOptions options;
  std::int64_t own_row, own_column;
};

std::vector<Case> cases() {
  const auto three = channel_groups(4, 3), six = channel_groups(7, 3);
  return {{{.in = three, .out = six, .rows = 3, .columns = 3, .mask = ConvMask::a}, 1, 1},
          {{.in = three, .out = six, .rows = 5, .columns = 5, .mask = ConvMask::b}, 2, 2},
          {{.in = three, .out = six, .columns = 3}, 0, 1},
          {{.in = three, .out = six, .columns = 3, .to_the_left = true, .mask = ConvMask::a}, 0, 2},
          {{.in = three, .out = six, .rows = 2, .columns = 3, .mask = ConvMask::rows}, 1, 1},
          {{.in = three, .out = six}, 0, 0}};
}

TEST(MaskedConv, EqualsTheSumOverAllowedTaps) {
  torch::NoGradGuard no_grad;
  Rng rng(3);
  for (const auto& [options, own_row, own_column] : cases()) {
    MaskedConv2d conv(options);
    conv->weight.copy_(rng.normal(conv->weight.sizes()));  // forbidden weights, too
    conv->bias.copy_(rng.normal(conv->bias.sizes()));
    const auto x = rng.normal({2, 4, 5, 6});
    EXPECT_LT((conv(x) - by_hand(conv, x, own_row, own_column)).abs().max().item<double>(), 2e-5)
        << options.rows << " x " << options.columns;
  }
}

TEST(MaskedConv, ForbiddenWeightsBeginAtZero) {
  torch::NoGradGuard no_grad;
  MaskedConv2d conv(cases().front().options);
  EXPECT_TRUE(torch::equal(conv->weight, conv->masked_weight()));
  const auto plain = conv->weight.clone();
  conv->weight.fill_(1);
  EXPECT_TRUE(torch::equal(plain.ne(0), conv->masked_weight().ne(0)));
}

TEST(MaskedConv, WeightsBeginAsWideAsWhatTheyMayReadAsks) {
  const auto one = channel_groups(50, 1);
  MaskedConv2d conv(MaskedConvOptions{.in = one, .out = one, .rows = 3, .columns = 3, .gain = 2});
  const auto inputs = 50. * 5;  // of nine taps mask B leaves five
  const auto begun = conv->masked_weight().masked_select(conv->weight.ne(0));
  ASSERT_EQ(begun.numel(), 50 * 250);
  // The deviation of n normal numbers is known to 1 / sqrt(2 n) of itself.
  EXPECT_NEAR(begun.std().item<double>() * std::sqrt(inputs) / 2, 1, 5 / std::sqrt(2. * 50 * 250));
  EXPECT_LE(conv->bias.abs().max().item<double>(), 1 / std::sqrt(inputs));
  EXPECT_GT(conv->bias.abs().max().item<double>(), .8 / std::sqrt(inputs));
}

// One pixel after the other, the maps of a channel when its turn has come.
TEST(LaneConv, EqualsTheConvolutionPixelByPixel) {
  torch::NoGradGuard no_grad;
  Rng rng(4);
  constexpr std::int64_t kLanes = 16, kPictures = 5;
  for (const auto& [options, own_row, own_column] : cases()) {
    MaskedConv2d conv(options);
    conv->weight.copy_(rng.normal(conv->weight.sizes()));
    conv->bias.copy_(rng.normal(conv->bias.sizes()));
    const auto x = rng.normal({kPictures, 4, 5, 6}), y = conv(x);
    const LaneConv lane(*conv, kLanes);
    const LaneRows in(5, 6, lane.margin(), 4, kLanes);
    EXPECT_EQ(lane.reach(), own_row + 1);
    std::vector<float> out(7 * kLanes);
    double worst = 0;
    const auto put = [&](std::int64_t r, std::int64_t c) {
      for (std::int64_t k = 0; k < 4; ++k)
        for (std::int64_t b = 0; b < kPictures; ++b)
          in.at(r, c)[k * kLanes + b] = x[b][k][r][c].item<float>();
    };
    for (std::int64_t r = 0; r < 5; ++r)
      for (std::int64_t c = 0; c < 6; ++c) put(r, c);
    for (std::int64_t r = own_row; r < 5; ++r)  // rows above the first hold later ones here
      for (std::int64_t c = 0; c < 6; ++c) {
        for (std::int64_t channel = 0; channel < 3; ++channel)
          lane.run(in, r, c, channel, out.data());
        for (std::int64_t n = 0; n < 7; ++n)
          for (std::int64_t b = 0; b < kPictures; ++b)
            worst = std::max(worst, std::abs(double(out[static_cast<std::size_t>(n * kLanes + b)]) -
                                             y[b][n][r][c].item<double>()));
      }
    EXPECT_LT(worst, 2e-5) << options.rows << " x " << options.columns;
  }
}

}  // namespace
}  // namespace kiln
