#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/models/pixel_model.h"
#include "kiln/registry/models.h"

namespace kiln {

/// A picture model of the registry with random weights.  `scale` times what they begin with.
inline std::shared_ptr<PixelModel> pixel_model(const std::string& name, OptionMap options,
                                               double scale = 1, std::uint64_t seed = 5) {
  const auto size = [&](const char* key, const char* usual) {
    return std::stoll(options.emplace(key, usual).first->second);
  };
  const auto numbers = size("channels", "1") * size("height", "3") * size("width", "3");
  options["data_dim"] = std::to_string(numbers);
  auto model = std::dynamic_pointer_cast<PixelModel>(make_model(find_model(name), options, seed));
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& entry : model->named_parameters()) {
    auto& p = entry.value();
    if (entry.key().find("label") != std::string::npos) p.copy_(rng.normal(p.sizes()));
    if (p.abs().max().item<double>() == 0) p.copy_(rng.normal(p.sizes()) * 0.3);  // biases, states
    p.mul_(scale);
  }
  return model;
}

/// Small ones of every kind: name and options.
inline std::vector<std::pair<std::string, OptionMap>> small_pixel_models() {
  return {{"pixel_cnn", {{"hidden", "6"}, {"layers", "2"}, {"head", "6"}}},
          {"gated_pixel_cnn", {{"maps", "6"}, {"layers", "3"}, {"head", "6"}}},
          {"gated_pixel_cnn", {{"maps", "6"}, {"layers", "2"}, {"head", "6"}, {"kernel", "5"}}},
          {"pixel_rnn", {{"kind", "row"}, {"hidden", "6"}, {"layers", "2"}, {"head", "6"}}},
          {"pixel_rnn", {{"kind", "diagonal"}, {"hidden", "6"}, {"layers", "2"}, {"head", "6"}}},
          {"pixel_rnn",
           {{"kind", "diagonal"},
            {"hidden", "17"},
            {"layers", "1"},
            {"skip", "true"},
            {"initial_state", "zero"}}},
          {"pixel_rnn", {{"hidden", "4"}, {"layers", "2"}, {"head", "6"}, {"scales", "2"}}},
          {"pixel_rnn",
           {{"kind", "row"}, {"hidden", "4"}, {"layers", "1"}, {"skip", "true"}, {"scales", "2"}}}};
}

inline OptionMap with(OptionMap options, const OptionMap& more) {
  for (const auto& [key, value] : more) options[key] = value;
  return options;
}

/// What the naive sampler draws, number after number by a full pass each: [B, D].
inline Tensor naive_draw(PixelModel& model, const Batch& uniform) {
  auto x = torch::zeros_like(uniform.x);
  for (std::int64_t i = 0; i < model.ordering().size(0); ++i) {
    const auto d = model.ordering()[i].item<std::int64_t>();
    x.select(1, d).copy_(model.draw_one(uniform.around(x), d, uniform.x.select(1, d)));
  }
  return x;
}

/// Every item of `numbers` numbers of q states, [q^numbers, C, H, W].
inline Tensor all_pictures(std::int64_t q, std::int64_t channels, std::int64_t height,
                           std::int64_t width) {
  auto left = torch::arange(static_cast<std::int64_t>(
      std::pow(static_cast<double>(q), static_cast<double>(channels * height * width))));
  std::vector<Tensor> digits;
  for (std::int64_t d = 0; d < channels * height * width; ++d) {
    digits.push_back(left.remainder(q));
    left = left.div(q, "floor");
  }
  return torch::stack(digits, 1).to(torch::kFloat32).reshape({-1, channels, height, width});
}

}  // namespace kiln
