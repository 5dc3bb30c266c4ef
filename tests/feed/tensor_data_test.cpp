#include "kiln/feed/tensor_data.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::vector<float> item(const Dataset& data, std::int64_t index) {
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  data.read(index, x);
  return x;
}

TEST(InMemory, ItemsAndLabelsAreThoseOfTheTensors) {
  const auto x = torch::arange(24, torch::kFloat32).view({2, 3, 2, 2}) / 24;
  const auto data = in_memory(x.transpose(2, 3), torch::tensor({2, -1}));
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->info().shape, (std::vector<std::int64_t>{3, 2, 2}));
  EXPECT_EQ(data->info().classes, 3);
  std::vector<float> read(12);
  EXPECT_EQ(data->read(0, read), 2);
  EXPECT_EQ(data->read(1, read), -1);
  EXPECT_FLOAT_EQ(read[1], 14.f / 24) << "a transposed tensor is read in its own order";
}

TEST(InMemory, WhatTheNumbersAreIsSeenOrSaid) {
  const auto values = [](const Tensor& x, std::optional<Values> wanted = std::nullopt) {
    return in_memory(x, {}, wanted)->info().values;
  };
  const auto halves = torch::full({2, 1, 2, 2}, .5);
  EXPECT_EQ(values(halves), Values::unit);
  EXPECT_EQ(values(halves.flatten(1)), Values::real);
  EXPECT_EQ(values(halves.round()), Values::binary);
  EXPECT_EQ(values(2 * halves.flatten(1), Values::real), Values::real);
  EXPECT_EQ(in_memory(4 * halves.flatten(1), {}, Values::states)->info().levels, 3);
  const auto bytes = in_memory(torch::full({2, 1, 1, 2}, 51, torch::kUInt8));
  EXPECT_EQ(bytes->info().values, Values::unit);
  EXPECT_EQ(bytes->info().levels, 256);
  EXPECT_FLOAT_EQ(item(*bytes, 1)[0], .2f);
}

// What happens to the tensors later is no matter of the data.
TEST(InMemory, KeepsACopy) {
  auto x = torch::full({2, 2}, .25);
  const auto data = in_memory(x);
  x.fill_(7);
  EXPECT_EQ(item(*data, 0), (std::vector<float>{.25, .25}));
}

TEST(InMemory, RefusesWhatIsNoData) {
  const auto refusal = [](const Tensor& x, const Tensor& y = {}) {
    return message_of([&] { in_memory(x, y); });
  };
  EXPECT_EQ(refusal({}),
            "[in_memory] x must be [N, D] or [N, C, H, W] with at least one number, "
            "got [nothing]");
  EXPECT_EQ(refusal(torch::zeros({2, 3, 4})),
            "[in_memory] x must be [N, D] or [N, C, H, W] with at least one number, got [2, 3, 4]");
  EXPECT_NE(refusal(torch::zeros({0, 3})).find("got [0, 3]"), std::string::npos);
  EXPECT_EQ(refusal(torch::full({2, 2}, std::nan(""))),
            "[in_memory] x holds numbers that are not finite");
  EXPECT_NE(refusal(torch::full({2, 1, 2, 2}, 1.5)).find("from 1.5 to 1.5, which values=unit"),
            std::string::npos);
  EXPECT_EQ(message_of([&] {
              in_memory(torch::zeros({1, 1, 2, 2}, torch::kUInt8), {}, Values::signed_unit);
            }),
            "[in_memory] bytes of pictures become numbers in [0, 1], not signed_unit; give floats, "
            "or leave the values out");
  const auto x = torch::zeros({2, 2});
  EXPECT_NE(refusal(x, torch::zeros({3})).find("y"), std::string::npos);
  EXPECT_EQ(refusal(x, torch::tensor({0.5, 1.})),
            "[in_memory] labels run from 0.5 to 1; they must be whole numbers from 0, or -1 for no "
            "label, below 10000");
  EXPECT_NE(refusal(x, torch::tensor({-2, 1})).find("from -2 to 1"), std::string::npos);
}

}  // namespace
}  // namespace kiln
