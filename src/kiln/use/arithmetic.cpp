#include "kiln/use/arithmetic.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/nn/latent_paths.h"
#include "kiln/use/codes.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

constexpr std::int64_t kShown = 8;  // items when none is chosen

// "shape=circle": the items whose attribute has this value.
struct Term {
  std::string attribute, value;
};

Term parse_term(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw ConfigError("arithmetic",
                      fmt::format("needs label=CLASS or ATTRIBUTE=VALUE, got '{}'", text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::int64_t label_of(const Term& term, const DataInfo& info) {
  const auto& names = info.class_names;
  const auto named = std::find(names.begin(), names.end(), term.value);
  if (named != names.end()) return named - names.begin();
  const auto number = parse_integer(term.value);
  if (names.empty() && number && *number >= 0 && *number < info.classes) return *number;
  const auto legal = names.empty() ? fmt::format("0 to {}", info.classes - 1) : join(names, ", ");
  const auto hint = did_you_mean(term.value, names);
  throw ConfigError("arithmetic", fmt::format("no {} '{}'{} It is one of: {}", term.attribute,
                                              term.value, hint.empty() ? "." : hint, legal));
}

// The codes of the run's data under one attribute after the other.
class LabelledParts {
 public:
  struct Part {
    JudgedData judged;
    LabelledCodes codes;
  };

  LabelledParts(const ArithmeticAsk& ask, const TrainedModel& run)
      : ask_(ask),
        codes_{.items = ask.items, .seed = ask.seed, .device = ask.device},
        run_(run),
        encoder_(run.as<Encoder>("encoder")) {}

  const Part& of(const std::string& attribute) {
    if (const auto found = parts_.find(attribute); found != parts_.end()) return found->second;
    const auto keys = attribute == "label"
                          ? std::map<std::string, std::string>()
                          : std::map<std::string, std::string>{{"label", attribute}};
    if (!keys.empty()) require_attributes(attribute);
    auto judged = judged_data(run_, ask_.data, ask_.split, keys);
    if (judged.data->info().classes == 0)
      throw ConfigError("arithmetic", fmt::format("{} has no labels", judged.name));
    auto codes = codes_of(encoder_, judged, codes_);
    return parts_.emplace(attribute, Part{std::move(judged), std::move(codes)}).first->second;
  }

  /// Items that have the term's value, in their order.
  std::vector<std::int64_t> members(const Term& term) {
    const auto& part = of(term.attribute);
    const auto rows =
        (part.codes.y == label_of(term, part.judged.data->info())).nonzero().flatten();
    return {rows.data_ptr<std::int64_t>(), rows.data_ptr<std::int64_t>() + rows.numel()};
  }

  Tensor mean(const Term& term) {
    const auto& part = of(term.attribute);
    return mean_code(part.codes, label_of(term, part.judged.data->info()));
  }

 private:
  void require_attributes(const std::string& attribute) const {
    const auto name = parse_source(ask_.data.empty() ? run_.config.data : ask_.data).name;
    for (const auto& kind : source_kinds())
      if (kind.name == name)
        for (const auto& [key, help] : kind.keys)
          if (key == "label") return;
    throw ConfigError("arithmetic", fmt::format("{} knows classes only, so '{}' must be written "
                                                "label=CLASS",
                                                name, attribute));
  }

  const ArithmeticAsk& ask_;
  CodeOptions codes_;
  const TrainedModel& run_;
  Encoder& encoder_;
  std::map<std::string, Part> parts_;
};

std::vector<Tensor> means_of(const std::vector<std::string>& terms, LabelledParts& parts) {
  std::vector<Tensor> means;
  for (const auto& text : terms) means.push_back(parts.mean(parse_term(text)));
  return means;
}

// The chosen items, or the first that have what is to be taken away.
std::vector<std::int64_t> items_to_change(const ArithmeticAsk& ask, LabelledParts& parts,
                                          const JudgedData& judged) {
  if (!ask.from.empty()) return chosen_items("arithmetic.from", ask.from, judged);
  if (ask.minus.empty()) return first_items(judged, kShown);
  auto items = parts.members(parse_term(ask.minus.front()));
  items.resize(std::min<std::size_t>(items.size(), kShown));
  return items;
}

}  // namespace

ArithmeticAnswer code_arithmetic(const TrainedModel& run, const ArithmeticAsk& ask) {
  auto& decoder = run.as<Decoder>("decoder");
  auto& encoder = run.as<Encoder>("encoder");
  LabelledParts parts(ask, run);
  const auto direction =
      code_direction(means_of(ask.plus, parts), means_of(ask.minus, parts)).to(torch::kFloat32);
  const auto judged = judged_data(run, ask.data, ask.split);
  require_images("arithmetic", judged.name, judged.data->info());
  const auto items = items_to_change(ask, parts, judged);
  torch::NoGradGuard no_grad;
  const auto x = items_of(judged, items, ask.seed, ask.device).x;
  const auto z = encoder.encode_mean(x).to(torch::kCPU, torch::kFloat32);
  const auto path = latent_path(LatentPath::lerp, z, z + ask.strength * direction, ask.steps);
  const auto changed = decode_images("arithmetic", run, decoder, path.flatten(0, 1), ask.device);
  auto by_item = x.sizes().vec();
  by_item.insert(by_item.begin() + 1, ask.steps);
  const auto rows = torch::cat({x.to(torch::kCPU).unsqueeze(1), changed.view(by_item)}, 1);
  return {.data = judged.name,
          .items = items,
          .direction_norm = direction.norm().item<double>(),
          .rows = rows.flatten(0, 1)};
}

}  // namespace kiln
