#include "kiln/models/autoregressive/pixel_rnn.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/check/check_model.h"
#include "kiln/core/rng.h"
#include "tests/models/autoregressive/pixel_field.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::int64_t weights(const std::string& kind, const std::string& initial_state) {
  const auto model = pixel_model(
      "pixel_rnn",
      {{"kind", kind}, {"initial_state", initial_state}, {"height", "28"}, {"width", "28"}});
  std::int64_t count = 0;
  for (const auto& p : model->parameters()) count += p.numel();
  return count;
}

// Of 28 x 28 pixels, h = 16, 7 layers: counted by hand from the paper's table 1.
TEST(PixelRnn, HasThePapersNumberOfWeights) {
  EXPECT_EQ(weights("diagonal", "zero"), 65793);
  EXPECT_EQ(weights("diagonal", "learned"), 78337);
  EXPECT_EQ(weights("row", "zero"), 72513);
}

// A Row LSTM: the triangle above the cell, and of each of its cells the pixel before.
Pixels triangle(std::int64_t row, std::int64_t column) {
  Pixels read;
  for (std::int64_t r = 0; r <= row; ++r)
    for (std::int64_t c = column - (row - r); c <= column + (row - r); ++c)
      if (c >= 0 && c < kSide) read.insert({r, c}), read.insert({r, c - 1});
  return read;
}

TEST(PixelRnn, RowsSeeATriangle) {
  auto model = pixel_model("pixel_rnn", deep({{"kind", "row"}, {"layers", "1"}, {"hidden", "6"}}));
  for (const std::int64_t column : {0, 5, 10}) {
    const auto expected = through(through({{10, column}}, triangle), masked(7, false));
    EXPECT_EQ(field(*model, 10, column), expected) << column;
  }
  EXPECT_FALSE(field(*model, 10, 0).contains({9, 10}));  // before it, and not seen
}

TEST(PixelRnn, DiagonalsSeeEveryPixelBefore) {
  for (const char* layers : {"1", "3"}) {
    auto model =
        pixel_model("pixel_rnn", deep({{"kind", "diagonal"}, {"layers", layers}, {"hidden", "6"}}));
    for (const auto& [row, column] : Pixels{{0, 1}, {3, 0}, {10, 0}, {7, 5}, {10, 10}})
      EXPECT_EQ(field(*model, row, column), all_before(row, column)) << row << " " << column;
  }
}

// In 11 x 11 pixels the second network's guide and the cells before bring all that is coarse and
// lies up to three rows below; what is not coarse is read where it comes before.
TEST(PixelRnn, OfTwoScalesAPixelSeesTheCoarsePictureAndThePixelsBefore) {
  for (const char* kind : {"row", "diagonal"}) {
    auto model = pixel_model(
        "pixel_rnn", deep({{"kind", kind}, {"hidden", "8"}, {"layers", "6"}, {"scales", "2"}}));
    const auto seen = field(*model, 3, 5), before = all_before(3, 5);
    Pixels coarse;
    for (std::int64_t r = 0; r < kSide; r += 2)
      for (std::int64_t c = 0; c < kSide; c += 2) coarse.insert({r, c});
    bool below = false;
    for (const auto& pixel : seen) {
      EXPECT_TRUE(before.contains(pixel) || coarse.contains(pixel))
          << kind << " " << pixel.first << " " << pixel.second;
      below = below || pixel.first > 4;
    }
    EXPECT_TRUE(below);
    if (std::string(kind) == "diagonal") {
      for (const auto& pixel : before) EXPECT_TRUE(seen.contains(pixel));
      for (const auto& [row, column] : coarse)
        EXPECT_TRUE(row > 4 || seen.contains({row, column})) << row << " " << column;
    }
    // A coarse pixel's law reads coarse pixels before it, and nothing else.
    for (const auto& pixel : field(*model, 4, 6))
      EXPECT_TRUE(coarse.contains(pixel) && all_before(4, 6).contains(pixel))
          << kind << " " << pixel.first << " " << pixel.second;
  }
}

TEST(PixelRnn, OfTwoScalesADrawIsWatchedInItsOrder) {
  for (const auto type : {torch::kFloat32, torch::kDouble}) {
    auto model = pixel_model(
        "pixel_rnn",
        {{"hidden", "3"}, {"layers", "1"}, {"scales", "2"}, {"height", "5"}, {"width", "4"}});
    model->to(type);
    Rng rng(13), again(13);
    const auto x = model->sample({.count = 3}, again).flatten(1);
    std::int64_t drawn = 0;
    SampleRequest request{.count = 3};
    request.watch = [&](const Tensor& so_far, double share) {
      const auto now = std::llround(share * 20);
      EXPECT_GE(now, drawn);
      EXPECT_NEAR(share * 20, static_cast<double>(now), 1e-9);
      drawn = now;
      const auto places = torch::zeros({20}).index_fill_(0, model->ordering().slice(0, 0, now), 1);
      EXPECT_TRUE(torch::equal(so_far.flatten(1), x * places)) << now;
      return true;
    };
    EXPECT_TRUE(torch::equal(model->sample(request, rng).flatten(1), x));
    EXPECT_EQ(drawn, 20);
  }
}

TEST(PixelRnn, OfTwoScalesACompletionNeedsTheCoarsePictureFirst) {
  auto model = pixel_model("pixel_rnn", {{"hidden", "3"}, {"layers", "1"}, {"scales", "2"}});
  auto known = torch::zeros({1, 9});
  known.slice(1, 0, 3).fill_(1);
  Rng rng(1);
  EXPECT_NE(message_of([&] {
              model->complete(torch::zeros({1, 9}), known, rng);
            }).find("of two scales every second pixel of every second row comes first"),
            std::string::npos);
}

TEST(PixelRnn, OfTwoScalesTheCoarsePictureComesFirst) {
  const auto model = pixel_model(
      "pixel_rnn",
      {{"hidden", "3"}, {"layers", "1"}, {"scales", "2"}, {"height", "3"}, {"width", "4"}});
  EXPECT_TRUE(
      torch::equal(model->ordering(), torch::tensor({0, 2, 8, 10, 1, 3, 4, 5, 6, 7, 9, 11})));
}

// A Diagonal BiLSTM of one layer without anything around it: what a cell knows of the right is
// added one row further down, or where one got it wrong.
enum class RightMap {
  shifted,       // As it must be: the last row dropped, zeros on top.
  as_it_is,      // No shift.
  wrong_padding  // The last row dropped, zeros at the bottom, as in a popular repository: no shift.
};

class BiLstm : public Model, public Autoregressive {
 public:
  explicit BiLstm(RightMap right) : right_(right) {
    Rng rng(3);
    for (auto* t : {&left_, &mirror_}) *t = rng.normal({2, 4, 16});
    in_ = rng.normal({2, 1, 16});
    out_ = rng.normal({4}) * 2;
    order_ = torch::arange(9);
  }
  Values values() const override { return Values::binary; }
  const Tensor& ordering() const override { return order_; }

  Tensor logits(const Tensor& x) const {
    const auto cells = x.reshape({-1, 3, 3, 1});
    const auto before =
        torch::constant_pad_nd(cells, {0, 0, 1, -1});  // mask A: not the pixel itself
    const auto scan = [&](const Tensor& K, const Tensor& in, std::int64_t n, LstmPath path) {
      return lstm_scan_twin(lstm_packed(torch::matmul(in, in_[n])), {K, {}, {}}, path);
    };
    auto right = scan(mirror_, cells, 1, LstmPath::diagonal_mirror);
    if (right_ == RightMap::shifted) right = torch::constant_pad_nd(right, {0, 0, 0, 0, 1, -1});
    if (right_ == RightMap::wrong_padding)
      right = torch::constant_pad_nd(right.slice(1, 0, 2), {0, 0, 0, 0, 0, 1});
    const auto left = scan(left_, before, 0, LstmPath::diagonal);
    return torch::matmul(left + right, out_).reshape({-1, 9});
  }
  Tensor log_conditionals(const Batch& batch) override {
    const auto l = logits(batch.x);
    return batch.x * l - torch::softplus(l);
  }
  Tensor log_prob(const Batch& batch) override { return log_conditionals(batch).sum(1); }
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override {
    return uniform.lt(torch::sigmoid(logits(batch.x).select(1, d))).to(torch::kFloat32);
  }
  Tensor draw(const Batch& uniform) override {
    auto x = torch::zeros_like(uniform.x);
    for (std::int64_t d = 0; d < 9; ++d)
      x.select(1, d).copy_(draw_one(x, d, uniform.x.select(1, d)));
    return x;
  }

 private:
  RightMap right_;
  Tensor left_, mirror_, in_, out_, order_;
};

std::vector<std::string> red(RightMap right) {
  Rng rng(4);
  BiLstm model(right);
  const auto report = check_model(model, rng.integers(2, {64, 9}).to(torch::kFloat32), rng);
  std::vector<std::string> names;
  for (const auto& finding : report.findings)
    if (!finding.passed) names.push_back(finding.name);
  return names;
}

TEST(PixelRnn, CheckFindsABiLstmWithoutItsShift) {
  EXPECT_EQ(red(RightMap::shifted), std::vector<std::string>{});
  for (const auto wrong : {RightMap::as_it_is, RightMap::wrong_padding}) {
    const auto names = red(wrong);
    EXPECT_NE(std::find(names.begin(), names.end(), "causal"), names.end());
    EXPECT_NE(std::find(names.begin(), names.end(), "normalised"), names.end());
  }
}

}  // namespace
}  // namespace kiln
