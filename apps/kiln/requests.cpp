#include "apps/kiln/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/kiln/device_name.h"
#include "apps/kiln/model_table.h"
#include "kiln/data/source.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {

void check_data(const std::string& spec) {
  if (!spec.empty()) parse_source(spec);
}

void check_split(const std::string& split) {
  if (!split.empty() && split != "train" && split != "valid" && split != "test")
    throw ConfigError("split", fmt::format("needs train, valid or test, got '{}'", split));
}

void check_ending(const std::string& where, const std::string& name, const char* ending) {
  if (!name.empty() && std::filesystem::path(name).extension() != ending)
    throw ConfigError(where, fmt::format("needs a name that ends in {}, got '{}'", ending, name));
}

void check_runs(const std::vector<std::string>& runs) {
  for (const auto& run : runs) RunFolder::open(run);
}

void check_run(const RunArguments& arguments, const std::vector<std::string>& needed) {
  const auto run = RunFolder::open(arguments.run);
  cuda_index(arguments.device);
  const auto& has = find_model_info(run.config().model).capabilities;
  for (const auto& capability : needed)
    if (std::find(has.begin(), has.end(), capability) == has.end())
      refuse_capability(run.config().model, capability, has);
}

}  // namespace kiln::program
