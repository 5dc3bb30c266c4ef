#include "kiln/train/run_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/io/content_hash.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

// "; runs lie in it: a, b", for who named the folder of several.
std::string runs_in(const fs::path& folder) {
  constexpr std::size_t kMostNamed = 10;
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (names.size() < kMostNamed && fs::exists(entry.path() / "config.toml", error))
      names.push_back(entry.path().string());
  std::sort(names.begin(), names.end());
  return names.empty() ? ", so nothing was trained there"
                       : "; runs lie in it: " + join(names, ", ");
}

void require_run(const fs::path& path) {
  if (!fs::exists(path))
    throw IoError(path.string(),
                  "no such run folder; `kiln train MODEL --data SPEC --out RUN` makes one");
  if (!fs::exists(path / "config.toml"))
    throw IoError(path.string(), "is not a run folder: it has no config.toml" + runs_in(path));
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    throw IoError(path.string(), fmt::format("cannot make the folder: {}", error.message()));
}

std::optional<std::int64_t> step_of(const fs::path& path) {
  const auto name = path.filename().string();
  if (!name.starts_with("step-") || !name.ends_with(".safetensors")) return std::nullopt;
  auto digits = name.substr(5, name.size() - 5 - 12);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return parse_integer(digits);
}

constexpr const char* kRun = "kiln.run";

// Of what the weights of a run depend on and no one changes later.
std::string fingerprint_of(const RunConfig& config) {
  ContentHash hash;
  const auto add = [&hash](const std::string& text) {
    hash.add(std::ssize(text));
    hash.add(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  };
  add(config.model);
  for (const auto& [name, value] : config.model_options) add(name), add(value);
  hash.add(config.train.seed);
  return hash.hex();
}

fs::path best_of(const fs::path& run) { return run / "checkpoints" / "best.safetensors"; }

// Whether a killed training left no more than this: its lock, half-written files and an empty
// folder for checkpoints.
bool holds_nothing_yet(const fs::path& path) {
  for (const auto& entry : fs::directory_iterator(path)) {
    const auto name = entry.path().filename().string();
    if (name == ".lock" || is_temporary_name(name)) continue;
    if (name != "checkpoints" || entry.is_symlink() || !entry.is_directory()) return false;
    for (const auto& inner : fs::directory_iterator(entry.path()))
      if (!is_temporary_name(inner.path().filename().string())) return false;
  }
  return true;
}

void clear_leftovers(const fs::path& run) {
  for (const auto& folder : {run, run / "checkpoints", run / "samples"}) remove_leftovers(folder);
}

}  // namespace

void RunFolder::refuse_taken(const fs::path& path) {
  if (fs::exists(path / "config.toml"))
    throw ConfigError(
        path.string(),
        fmt::format(
            "already holds a run; continue it with `kiln resume {}` or choose another --out",
            path.string()));
  if (fs::exists(path) && !(fs::is_directory(path) && holds_nothing_yet(path)))
    throw ConfigError(path.string(), "exists and is not an empty folder; choose another --out");
}

RunFolder RunFolder::create(const fs::path& path, const RunConfig& config,
                            const std::vector<FieldInfo>& model_fields) {
  refuse_taken(path);
  make_folder(path / "checkpoints");
  auto lock = std::make_shared<FolderLock>(path);
  RunFolder folder(path, config, std::move(lock));
  clear_leftovers(path);
  folder.write_config(model_fields);
  return folder;
}

RunFolder RunFolder::open_for_training(const fs::path& path) {
  require_run(path);
  for (const auto* name : {"checkpoints", "samples", "encoder.safetensors", "metrics.jsonl",
                           "events.out.tfevents.kiln"})
    if (fs::is_symlink(path / name))
      throw IoError((path / name).string(),
                    "is a link; a run is trained only where all of its files lie");
  auto lock = std::make_shared<FolderLock>(path);
  make_folder(path / "checkpoints");
  clear_leftovers(path);
  return {path, read_run_config(path / "config.toml"), std::move(lock)};
}

RunFolder RunFolder::open(const fs::path& path) {
  require_run(path);
  return {path, read_run_config(path / "config.toml"), nullptr};
}

void RunFolder::write_config(const std::vector<FieldInfo>& model_fields) const {
  drop_link(path_ / "config.toml");
  write_file_atomically(path_ / "config.toml", to_toml(config_, model_fields));
}

fs::path RunFolder::checkpoint_path(std::int64_t step) const {
  return path_ / "checkpoints" / fmt::format("step-{:08}.safetensors", step);
}

void RunFolder::save_checkpoint(std::int64_t step, SafetensorsFile file) const {
  file.metadata["kiln.model"] = config_.model;
  file.metadata[kRun] = fingerprint_of(config_);
  file.metadata["kiln.step"] = std::to_string(step);
  drop_link(checkpoint_path(step));
  write_safetensors(checkpoint_path(step), file);
  prune();
}

void RunFolder::prune() const {
  const auto& train = config_.train;
  const auto in_turn = [&](std::int64_t step) {
    return train.checkpoint_every == 0 || step % train.checkpoint_every == 0 || step == train.steps;
  };
  const auto steps = checkpoint_steps();
  std::int64_t seen = 0;  // in turn, from the newest
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    seen += in_turn(*step);
    if (seen > train.keep || (seen > 0 && !in_turn(*step))) fs::remove(checkpoint_path(*step));
  }
}

void RunFolder::save_best(SafetensorsFile file) const {
  file.metadata["kiln.model"] = config_.model;
  file.metadata[kRun] = fingerprint_of(config_);
  drop_link(best_of(path_));
  write_safetensors(best_of(path_), file);
}

// Files of other programs and of earlier versions do not say whose they are.
SafetensorsFile RunFolder::read_own(const fs::path& path) const {
  auto file = read_safetensors(path);
  const auto found = file.metadata.find(kRun);
  if (found != file.metadata.end() && found->second != fingerprint_of(config_))
    throw IoError(path.string(),
                  "is of a run with other options of the model, or another "
                  "seed, than this run's config.toml says");
  return file;
}

std::vector<std::int64_t> RunFolder::checkpoint_steps() const {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ / "checkpoints", error))
    if (const auto step = step_of(entry.path())) steps.push_back(*step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

LoadedCheckpoint RunFolder::newest() const {
  LoadedCheckpoint loaded;
  auto steps = checkpoint_steps();
  std::reverse(steps.begin(), steps.end());
  for (const auto step : steps) {
    try {
      loaded.path = checkpoint_path(step);
      loaded.step = step;
      loaded.file = read_own(loaded.path);
      return loaded;
    } catch (const IoError& error) {
      loaded.warnings.push_back(fmt::format("{}; using the checkpoint before it", error.what()));
    }
  }
  throw IoError(path_.string(), steps.empty() ? "holds no checkpoint yet; train it first"
                                              : fmt::format("no checkpoint can be read: {}",
                                                            join(loaded.warnings, "; ")));
}

bool RunFolder::forget_best() const { return fs::remove(best_of(path_)); }

LoadedCheckpoint RunFolder::load(const std::string& which) const {
  const auto best = best_of(path_);
  if (which == "last" || (which == "best" && !fs::exists(best))) return newest();
  if (which == "best") {
    LoadedCheckpoint loaded{.path = best, .step = 0, .file = {}, .warnings = {}};
    try {
      loaded.file = read_own(best);
    } catch (const IoError& error) {
      loaded = newest();
      loaded.warnings.insert(loaded.warnings.begin(),
                             fmt::format("{}; using the newest checkpoint", error.what()));
      return loaded;
    }
    const auto found = loaded.file.metadata.find("kiln.step");
    if (found != loaded.file.metadata.end()) loaded.step = parse_integer(found->second).value_or(0);
    return loaded;
  }
  const auto steps = checkpoint_steps();
  const auto step = parse_integer(which);
  if (!step || std::find(steps.begin(), steps.end(), *step) == steps.end())
    throw ConfigError("checkpoint",
                      fmt::format("no checkpoint '{}' in {}; there are: best, last, {}", which,
                                  path_.string(), fmt::join(steps, ", ")));
  return {.path = checkpoint_path(*step),
          .step = *step,
          .file = read_own(checkpoint_path(*step)),
          .warnings = {}};
}

}  // namespace kiln
