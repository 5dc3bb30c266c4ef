#include "kiln/models/model.h"

#include <fmt/format.h>
#include <torch/special.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/models/capabilities.h"
#include "kiln/models/seen_as.h"

namespace kiln {

std::vector<NamedTensor> Model::constants() const {
  const auto* ordered = seen_as<Autoregressive>(*this);
  if (!ordered) return {};
  return {{"ordering", ordered->ordering()}};
}

std::vector<NamedTensor> Game::trainable() const {
  std::vector<NamedTensor> list;
  for (const auto& entry : named_parameters()) list.push_back({entry.key(), entry.value()});
  return list;
}

std::vector<NamedTensor> Game::trainable(const std::string& prefix) const {
  std::vector<NamedTensor> list;
  for (auto& entry : trainable())
    if (entry.name.starts_with(prefix + ".")) list.push_back(std::move(entry));
  return list;
}

Tensor Sampler::sample(const SampleRequest& request, Rng& rng) {
  torch::NoGradGuard no_grad;
  check_request(request, conditions());
  return draw_samples(request, rng);
}

Tensor Prior::prior_quantile(const Tensor& u) const { return torch::special::ndtri(u); }

void check_direction(const Translator& model, std::string_view direction) {
  const auto known = model.directions();
  if (std::find(known.begin(), known.end(), direction) == known.end())
    throw ConfigError("translate",
                      fmt::format("the model goes {}, got '{}'", join(known, " and "), direction));
}

std::vector<std::string> capabilities(const Model& model) {
  std::vector<std::string> names;
  for_each_capability([&]<class Interface>(const char* name) {
    if (seen_as<Interface>(model)) names.emplace_back(name);
  });
  return names;
}

}  // namespace kiln
