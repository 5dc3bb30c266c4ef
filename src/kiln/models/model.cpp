#include "kiln/models/model.h"

#include <torch/special.h>
#include <torch/types.h>

#include "kiln/models/informative.h"
#include "kiln/models/latent_joint.h"

namespace kiln {

std::vector<NamedTensor> Model::constants() const {
  const auto* ordered = dynamic_cast<const Autoregressive*>(this);
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

Tensor Prior::prior_quantile(const Tensor& u) const { return torch::special::ndtri(u); }

std::vector<std::string> capabilities(const Model& model) {
  std::vector<std::string> names;
  if (dynamic_cast<const Sampler*>(&model)) names.emplace_back("sampler");
  if (dynamic_cast<const Likelihood*>(&model)) names.emplace_back("likelihood");
  if (dynamic_cast<const Autoregressive*>(&model)) names.emplace_back("autoregressive");
  if (dynamic_cast<const Standardised*>(&model)) names.emplace_back("standardised");
  if (dynamic_cast<const Bound*>(&model)) names.emplace_back("bound");
  if (dynamic_cast<const Encoder*>(&model)) names.emplace_back("encoder");
  if (dynamic_cast<const Decoder*>(&model)) names.emplace_back("decoder");
  if (dynamic_cast<const Prior*>(&model)) names.emplace_back("prior");
  if (dynamic_cast<const Critic*>(&model)) names.emplace_back("critic");
  if (dynamic_cast<const Completer*>(&model)) names.emplace_back("completer");
  if (dynamic_cast<const Classifier*>(&model)) names.emplace_back("classifier");
  if (dynamic_cast<const Informative*>(&model)) names.emplace_back("informative");
  if (dynamic_cast<const LatentJoint*>(&model)) names.emplace_back("latent_joint");
  return names;
}

}  // namespace kiln
