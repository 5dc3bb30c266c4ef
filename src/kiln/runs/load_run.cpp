#include "kiln/runs/load_run.h"

#include <fmt/format.h>

#include "kiln/models/coded.h"
#include "kiln/registry/models.h"
#include "kiln/runs/fit.h"
#include "kiln/train/weights.h"

namespace kiln {

void TrainedModel::refuse(std::string_view needed) const {
  refuse_capability(config.model, needed, capabilities(*model));
}

std::shared_ptr<const TrainedModel> kept_encoder(const RunFolder& folder, const Model& model,
                                                 torch::Device device) {
  const auto* coded = seen_as<Coded>(model);
  if (!coded || coded->code_size() == 0) return nullptr;
  const auto& named = folder.config().encoder;
  if (named.empty())
    throw IoError((folder.path() / "config.toml").string(),
                  "[data] encoder names no run, and the model is given codes");
  const auto path = folder.encoder_path();
  if (!std::filesystem::exists(path))
    throw IoError(path.string(), fmt::format("is missing: it holds the encoder of {}, which makes "
                                             "the codes of this run; put it back",
                                             named));
  auto encoder = std::make_shared<TrainedModel>(load_model(path, device));
  const auto size = encoder->as<Encoder>("encoder").code_size();
  if (size != coded->code_size())
    throw IoError(path.string(), fmt::format("makes codes of {} numbers, the run was trained with "
                                             "codes of {}: it is another run's encoder",
                                             size, coded->code_size()));
  return encoder;
}

std::shared_ptr<Model> model_of(RunConfig& config) {
  const auto& entry = find_model(config.model);
  config.model_options = entry.complete(config.model_options);
  return make_model(entry, config.model_options, 0);
}

TrainedModel load_run(const std::filesystem::path& path, const std::string& checkpoint,
                      torch::Device device) {
  const auto folder = RunFolder::open(path);
  TrainedModel run;
  run.config = folder.config();
  run.model = model_of(run.config);
  auto loaded = folder.load(checkpoint);
  load_weights(loaded.path.string(), loaded.file, *run.model);
  run.step = loaded.step;
  run.warnings = std::move(loaded.warnings);
  run.encoder = kept_encoder(folder, *run.model, device);
  run.model->to(device);
  run.model->eval();
  return run;
}

}  // namespace kiln
