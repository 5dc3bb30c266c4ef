#include "kiln/runs/coded_data.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/feed/batches.h"
#include "kiln/models/coded.h"

namespace kiln {
namespace {

constexpr std::int64_t kAtOnce = 500;

class CodedData : public Dataset {
 public:
  CodedData(DatasetPtr items, Tensor codes)
      : items_(std::move(items)), codes_(std::move(codes)), info_(items_->info()) {
    info_.more.push_back({.name = "code", .shape = {codes_.size(1)}, .as_is = true});
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return items_->size(); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto width = static_cast<std::size_t>(codes_.size(1)), own = x.size() - width;
    const auto* code = codes_.data_ptr<float>() + index * codes_.size(1);
    std::copy(code, code + width, x.begin() + static_cast<std::ptrdiff_t>(own));
    return items_->read(index, x.first(own));
  }
  const Tensor& codes() const { return codes_; }

 private:
  DatasetPtr items_;
  Tensor codes_;  // [N, J] float32, contiguous, CPU
  DataInfo info_;
};

// Grey levels that were made states 0 .. q - 1, as grey levels again.
class GreyOfStates : public Dataset {
 public:
  explicit GreyOfStates(DatasetPtr states) : states_(std::move(states)), info_(states_->info()) {
    info_.values = Values::unit;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return states_->size(); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto label = states_->read(index, x);
    for (auto& value : x) value /= static_cast<float>(info_.levels - 1);
    return label;
  }

 private:
  DatasetPtr states_;
  DataInfo info_;
};

// An encoder of grey levels reads states as such.
DatasetPtr readable_items(const DatasetPtr& data, const Model& encoder) {
  const auto values = encoder.values();
  const bool takes_states = values == Values::states || values == Values::real;
  if (data->info().values != Values::states || takes_states) return data;
  return std::make_shared<GreyOfStates>(data);
}

// The encoder reads items of the size and channels that it was trained with.
void check_items(const DataInfo& info, const TrainedModel& encoder,
                 const std::optional<Binarize>& binarize) {
  for (const auto& [name, value] : data_facts(find_model(encoder.config.model), info, binarize)) {
    if (name == "states" || name == "classes") continue;
    const auto& learned = encoder.config.model_options.at(name);
    if (learned != value)
      throw ConfigError("train.encoder", fmt::format("{} has {} {}, the encoder was trained with "
                                                     "{}",
                                                     info.name, name, value, learned));
  }
}

}  // namespace

DatasetPtr with_codes(const DatasetPtr& data, const Source& source, const TrainedModel& encoder) {
  if (!data) return data;
  auto& network = encoder.as<Encoder>("encoder, which gives items codes");
  check_part_is_free(data->info(), "code");
  check_items(data->info(), encoder, source.binarize);
  const auto items = readable_items(data, *encoder.model);
  auto transform = transform_for(source, items->info(), *encoder.model);
  if (transform.binarize == Binarize::stochastic) transform.binarize = Binarize::threshold;
  torch::NoGradGuard no_grad;
  const auto device = encoder.model->parameters().empty()
                          ? torch::Device(torch::kCPU)
                          : encoder.model->parameters().front().device();
  Loader loader(items, transform, LoaderOptions::one_pass(kAtOnce, 0));
  std::vector<Tensor> codes;
  for (auto rows = loader.next(); rows.rows > 0; rows = loader.next())
    codes.push_back(network.encode_mean(to_batch(std::move(rows), items->info(), device)).cpu());
  auto all = torch::cat(codes).to(torch::kFloat32).contiguous();
  if (!all.isfinite().all().item<bool>())
    throw ConfigError("train.encoder",
                      fmt::format("the encoder makes codes of {} that are not finite numbers",
                                  data->info().name));
  return std::make_shared<CodedData>(data, std::move(all));
}

void add_codes(TrainingData& data, const TrainedModel& encoder) {
  data.train = with_codes(data.train, data.source, encoder);
  data.valid = with_codes(data.valid, data.valid_source, encoder);
}

void show_codes(Model& model, const TrainingData& data) {
  auto* coded = seen_as<Coded>(model);
  if (!coded || coded->code_size() == 0) return;
  const auto* items = dynamic_cast<const CodedData*>(data.train.get());
  if (!items) throw ConfigError("data", "the items have no codes that an encoder made");
  coded->start_from_codes(items->codes());
}

}  // namespace kiln
