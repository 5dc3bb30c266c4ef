#include "kiln/runs/load_run.h"

#include "kiln/registry/models.h"
#include "kiln/runs/fit.h"
#include "kiln/train/weights.h"

namespace kiln {

void TrainedModel::refuse(std::string_view needed) const {
  refuse_capability(config.model, needed, capabilities(*model));
}

TrainedModel load_run(const std::filesystem::path& path, const std::string& checkpoint,
                      torch::Device device) {
  const auto folder = RunFolder::open(path);
  TrainedModel run;
  run.config = folder.config();
  const auto& entry = find_model(run.config.model);
  run.model = make_model(entry, run.config.model_options, 0);
  auto loaded = folder.load(checkpoint);
  load_weights(loaded.path.string(), loaded.file, *run.model);
  run.step = loaded.step;
  run.warnings = std::move(loaded.warnings);
  if (!run.config.encoder.empty())
    run.encoder = std::make_shared<TrainedModel>(load_model(folder.encoder_path(), device));
  run.model->to(device);
  run.model->eval();
  return run;
}

}  // namespace kiln
