#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kiln/io/atomic_file.h"
#include "kiln/io/safetensors.h"
#include "kiln/train/run_config.h"

namespace kiln {

/// A checkpoint that was read and found good.
struct LoadedCheckpoint {
  std::filesystem::path path;
  std::int64_t step = 0;
  SafetensorsFile file;
  std::vector<std::string>
      warnings;  ///< One line for every newer checkpoint that was damaged and passed over.
};

/// The folder of one run: config.toml, metrics.jsonl, checkpoints/, samples/, report.html.
///
///   checkpoints/step-00000060.safetensors   the newest few, for resuming;
///   checkpoints/best.safetensors  the best by validation
/// Every file is written whole or not at all, and holds no clock, path or host: equal runs give
/// equal files; provenance.json alone says who made the run.
class RunFolder {
 public:
  /// Throws ConfigError if `path` already holds a run or other files; what a training leaves that
  /// was killed before its config.toml stood does not count.
  static void refuse_taken(const std::filesystem::path& path);
  /// Makes the folder and writes config.toml; holds the lock.  Throws ConfigError if it already
  /// holds a run or other files.
  static RunFolder create(const std::filesystem::path& path, const RunConfig& config,
                          const std::vector<FieldInfo>& model_fields);
  /// Opens a run to continue it; holds the lock, and removes what killed processes left half
  /// written.  Throws IoError if there is none, if another process holds the lock, or if a folder
  /// or a log of it is a link that leads elsewhere.
  static RunFolder open_for_training(const std::filesystem::path& path);
  /// Opens a run to read it.
  static RunFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const RunConfig& config() const { return config_; }
  /// What config() is from now on; write_config() keeps it.
  void plan(const RunConfig& config) { config_ = config; }
  void write_config(const std::vector<FieldInfo>& model_fields) const;

  /// Writes a checkpoint, then prunes.
  void save_checkpoint(std::int64_t step, SafetensorsFile file) const;
  /// Of the checkpoints in turn, those of multiples of config().train.checkpoint_every and of the
  /// last step, the newest `keep` stay.  One out of turn, of an interruption or of an end that was
  /// moved since, stays until a later one in turn is there: so an interrupted run ends with the
  /// checkpoints of an unbroken one.
  void prune() const;
  void save_best(SafetensorsFile file) const;
  bool forget_best() const;  ///< Whether there was one.

  std::vector<std::int64_t> checkpoint_steps() const;  ///< Ascending.
  std::filesystem::path checkpoint_path(std::int64_t step) const;
  /// The model whose encoder gives items their codes, where config() names a run that has one.
  std::filesystem::path encoder_path() const { return path_ / "encoder.safetensors"; }

  /// The newest checkpoint that reads well; damaged ones are named in `warnings`.  Throws IoError
  /// when there is none.
  LoadedCheckpoint newest() const;
  /// `which` is "best" (the newest where no best was kept), "last", or a step.  Throws ConfigError
  /// naming the steps that exist.
  LoadedCheckpoint load(const std::string& which) const;

 private:
  RunFolder(std::filesystem::path path, RunConfig config, std::shared_ptr<FolderLock> lock)
      : path_(std::move(path)), config_(std::move(config)), lock_(std::move(lock)) {}
  SafetensorsFile read_own(const std::filesystem::path& path) const;

  std::filesystem::path path_;
  RunConfig config_;
  std::shared_ptr<FolderLock> lock_;
};

}  // namespace kiln
