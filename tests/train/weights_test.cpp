#include "kiln/train/weights.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/models/adversarial/gan.h"
#include "kiln/models/autoregressive/made.h"
#include "kiln/models/autoregressive/orderless_nade.h"
#include "kiln/nn/masked_network.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::shared_ptr<Gan> spectral_gan() {
  return std::make_shared<Gan>(GanOptions{.data_dim = 4,
                                          .channels = 1,
                                          .height = 2,
                                          .width = 2,
                                          .classes = 3,
                                          .latent = 2,
                                          .hidden = 5,
                                          .condition = Condition::label,
                                          .critic_label = CriticLabel::projection,
                                          .spectral_norm = true,
                                          .unroll = 1});
}

Tensor numbers(const RawTensor& raw) {
  auto tensor = torch::empty(raw.shape);
  std::copy(raw.bytes.begin(), raw.bytes.end(), static_cast<std::uint8_t*>(tensor.data_ptr()));
  return tensor;
}

const RawTensor& named(const SafetensorsFile& file, const std::string& name) {
  for (const auto& raw : file.tensors)
    if (raw.name == name) return raw;
  throw IoError("test", "no tensor " + name);
}

TEST(Weights, OfACriticHavePyTorchsNames) {
  const auto gan = spectral_gan();
  SafetensorsFile file;
  append_model(file, *gan);
  for (const auto* name :
       {"critic.layers.0.weight", "critic.layers.0.bias", "critic.layers.2.weight",
        "critic.layers.1.u", "critic.embedding.weight", "critic.embedding.v", "generator.0.weight"})
    EXPECT_NO_THROW(named(file, name)) << name;
}

// Before, a critic's tensors were weightI, biasI, uI, vI and embedding, and averages stood apart.
TEST(Weights, OfEarlierVersionsAreRead) {
  const auto gan = spectral_gan(), twin = spectral_gan();
  SafetensorsFile file;
  append_tensors(file, "", weights_of(*gan));
  for (auto& raw : file.tensors) {
    for (const auto* which : {"weight", "bias", "u", "v"})
      for (const auto* layer : {"0", "1", "2"}) {
        const auto dots = std::string("layers.") + layer + "." + which;
        const auto lines = std::string("layers_") + layer + "_" + which;
        for (const auto& now : {dots, lines})
          if (raw.name.ends_with(now))
            raw.name = raw.name.substr(0, raw.name.size() - now.size()) + which + layer;
      }
    if (raw.name.ends_with("embedding.weight")) raw.name = "critic.embedding";
    if (raw.name.ends_with("embedding_weight")) raw.name = raw.name.substr(0, raw.name.size() - 7);
    if (raw.name == "critic.embedding.u") raw.name = "critic.u3";
    if (raw.name == "critic.embedding.v") raw.name = "critic.v3";
  }
  const auto bias = torch::full({5}, 7.f);
  append_tensors(file, "ema/", {{"generator.0.bias", bias}});
  load_weights("old", file, *twin);
  for (const auto& now : weights_of(*twin))
    for (const auto& then : weights_of(*gan)) {
      if (now.name != then.name) continue;
      const auto& expected = now.name == "generator.0.bias" ? bias : then.tensor;
      EXPECT_TRUE(torch::equal(now.tensor, expected)) << now.name;
    }
}

TEST(Weights, AveragesTakeThePlainNamesAndComeApartAgain) {
  const auto a = torch::ones({2}), b = torch::zeros({3}), average = torch::full({2}, .5f);
  SafetensorsFile file;
  append_tensors(file, "", {{"a", a}, {"b", b}});
  put_averages(file, {{"a", average}});
  EXPECT_TRUE(torch::equal(numbers(named(file, "a")), average));
  EXPECT_TRUE(torch::equal(numbers(named(file, "training/a")), a));
  EXPECT_TRUE(torch::equal(numbers(named(file, "b")), b));
  auto first = torch::zeros({2}), second = torch::zeros({2});
  load_averages("file", file, {{"a", first}}, {{"a", second}});
  EXPECT_TRUE(torch::equal(first, average));
  EXPECT_TRUE(torch::equal(second, a));
}

// logits of one hidden layer from the stored tensors alone: a unit of degree m sees inputs of
// degrees up to m, and is seen by the logits of inputs of degrees above m.
TEST(Weights, OfAMadeHoldTheWholeDensity) {
  Made made({.data_dim = 6, .hidden = 9, .masks = 3, .order_agnostic = true});
  SafetensorsFile file;
  append_model(file, made);
  const auto degrees = [&](std::int64_t set, int layer) {
    const auto raw = named(file, fmt::format("constants/set{}.degrees{}", set, layer));
    auto tensor = torch::empty(raw.shape, torch::kInt32);
    std::copy(raw.bytes.begin(), raw.bytes.end(), static_cast<std::uint8_t*>(tensor.data_ptr()));
    return tensor;
  };
  Rng rng(4);
  const auto x = rng.bernoulli(torch::full({8, 6}, .5));
  torch::NoGradGuard no_grad;
  for (std::int64_t set = 0; set < 3; ++set) {
    const auto in = degrees(set, 0), hidden = degrees(set, 1);
    const auto first = hidden.unsqueeze(1).ge(in.unsqueeze(0)).to(torch::kFloat32);
    const auto last = in.unsqueeze(1).gt(hidden.unsqueeze(0)).to(torch::kFloat32);
    const auto h = torch::relu(at::linear(x, numbers(named(file, "hidden1.weight")) * first,
                                          numbers(named(file, "hidden1.bias"))));
    const auto expected =
        at::linear(h, numbers(named(file, "V")) * last, numbers(named(file, "c")));
    EXPECT_TRUE(torch::allclose(made.logits(set, x), expected, 1e-5, 1e-6)) << set;
  }
}

TEST(Weights, ThatAreNotFiniteAreRefused) {
  Made made({.data_dim = 4, .hidden = 3});
  SafetensorsFile file;
  {
    torch::NoGradGuard no_grad;
    made.named_parameters()["c"][2] = NAN;
  }
  append_model(file, made);
  Made twin({.data_dim = 4, .hidden = 3});
  EXPECT_EQ(message_of<IoError>([&] { load_weights("file", file, twin); }),
            "[file] holds numbers in 'c' that are not finite; take another checkpoint");
}

TEST(Weights, OfAnotherOrderAreRefused) {
  OrderlessNade here({.data_dim = 6, .hidden = 3, .ensemble = 2, .ordering_seed = 1});
  OrderlessNade there({.data_dim = 6, .hidden = 3, .ensemble = 2, .ordering_seed = 2});
  SafetensorsFile file;
  append_model(file, there);
  EXPECT_EQ(message_of<IoError>([&] { load_weights("file", file, here); }),
            "[file] was trained with other orderings; this version draws them in another way");
  std::erase_if(file.tensors, [](const auto& raw) { return raw.name.starts_with("constants/"); });
  EXPECT_NO_THROW(load_weights("file", file, here));  // of a version that did not store them
}

}  // namespace
}  // namespace kiln
