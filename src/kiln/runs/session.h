#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "kiln/runs/hooks.h"
#include "kiln/runs/training_data.h"
#include "kiln/train/records.h"
#include "kiln/train/run_folder.h"
#include "kiln/train/trainer.h"

namespace kiln {

class Informative;

/// What a training run is made of, as a person asks for it.
struct TrainRequest {
  std::string model;
  OptionMap model_options;   ///< Those given, without the facts of the data.
  std::string data;          ///< SPEC.
  std::string data_b = {};   ///< SPEC of the second source, where the model takes one.
  std::string encoder = {};  ///< A run with an encoder, where the model is given codes.
  std::string valid;         ///< SPEC, or empty.
  bool skip_bad = false;
  OptionMap
      train_options;  ///< Those of TrainOptions that are given; the model's recipe has others.
  std::filesystem::path out;
  torch::Device device = torch::kCPU;
  std::string command = {};  ///< As it was typed, for the run's provenance.
};

/// One training run with its data, model, trainer and folder.
class Session {
 public:
  /// What is not given is the recipe's, then the option's own default.  Opens the data, builds the
  /// model, and only then makes the run folder: a refused request leaves nothing behind.
  static Session start(const TrainRequest& request, const Hooks& hooks);

  /// Continues a run where its newest good checkpoint stands, with its own options; a run without a
  /// checkpoint begins anew. `steps` moves the end, which a schedule that ends there refuses.
  static Session resume(const std::filesystem::path& run, std::optional<std::int64_t> steps,
                        torch::Device device, const Hooks& hooks);

  TrainEnd run();

  const RunFolder& folder() const { return folder_; }
  const Trainer& trainer() const { return *trainer_; }
  const std::string& metric() const {
    return metric_;
  }  ///< What validation measures; empty: nothing.

 private:
  Session(RunFolder folder, TrainingData data, std::shared_ptr<Model> model, torch::Device device,
          Hooks hooks);

  void build_trainer();
  void keep_provenance(const std::string& command) const;
  void begin() const;
  void restore();
  double validate();
  void note_validation(Records& records, std::int64_t step, double value, bool best);
  void warn(const std::string& kind, const std::string& warning);
  void note_information(Informative& model, Records& records, std::int64_t step);
  void preview(std::int64_t step) const;
  void preview_samples(Sampler& sampler, std::int64_t step) const;
  std::filesystem::path preview_path(std::int64_t step) const;
  void checkpoint(std::int64_t step) const;
  void save_best(std::int64_t step) const;

  RunFolder folder_;
  TrainingData data_;
  std::shared_ptr<Model> model_;
  torch::Device device_;
  Hooks hooks_;
  std::string metric_;
  std::map<std::string, double> scalars_;  // of the last record
  std::set<std::string> warned_;           // kinds of warnings that were said
  double cycle_back_ = 0;                  // of the last validation, where there is a second source
  double code_mmd_ = 0;  // of the last validation, where the model is to match a prior
  std::unique_ptr<TrainingFeed> feed_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace kiln
