#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/run_program.h"

namespace kiln {

inline std::string small_data(const std::string& model) {
  if (model == "joint") return "bars:size=3,n=200,test=40";
  if (model == "independent" || model == "markov") return "digits:n=200,test=40,levels=3";
  return "digits:n=200,test=40";
}

/// Arguments that train a tiny model in a second.
inline std::vector<std::string> tiny_training(const std::string& model, const std::string& out) {
  std::vector<std::string> arguments{"train",
                                     model,
                                     "--data",
                                     small_data(model),
                                     "--out",
                                     out,
                                     "--steps",
                                     "40",
                                     "--batch",
                                     "20",
                                     "--threads",
                                     "1",
                                     "--checkpoint-every",
                                     "20",
                                     "--log-every",
                                     "10",
                                     "--schedule",
                                     "constant",  // so that a run can be made longer
                                     "--quiet"};
  const std::map<std::string, std::vector<std::string>> small{
      {"nade", {"--hidden", "6"}},
      {"vae", {"--hidden", "8", "--latent", "3"}},
      {"autoencoder", {"--hidden", "8", "--latent", "3"}},
      {"aae", {"--hidden", "8", "--critic-hidden", "8"}},
      {"wae", {"--hidden", "8", "--latent", "3"}},
      {"dcgan", {"--filters", "2", "--latent", "4"}},
      {"pixel_cnn", {"--hidden", "3", "--layers", "1", "--head", "4"}},
      {"joint", {}},
      {"independent", {}},
      {"markov", {"--order-k", "2"}}};
  const auto& more = small.at(model);
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// A tiny run of `model`, trained when it is first asked for and shared by a file's tests, which
/// must not change it.
inline std::string tiny_run(const std::string& model) {
  static TemporaryFolder folder;
  static std::map<std::string, std::string> runs;
  if (!runs.contains(model)) {
    const auto path = (folder / model).string();
    const auto trained = run_kiln(tiny_training(model, path));
    EXPECT_EQ(trained.code, 0) << trained.err;
    runs[model] = path;
  }
  return runs[model];
}

/// What `--json` printed: one object on one line, and nothing else.
inline nlohmann::json only_object(const ProgramResult& result) {
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1) << result.out;
  const auto object = nlohmann::json::parse(result.out, nullptr, false);
  EXPECT_TRUE(object.is_object()) << result.out;
  return object;
}

}  // namespace kiln
