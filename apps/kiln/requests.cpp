#include "apps/kiln/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/kiln/model_table.h"
#include "kiln/core/text.h"
#include "kiln/data/source.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {

void check_device(const std::string& text) {
  if (text == "cpu" || text == "cuda") return;
  const auto index = text.starts_with("cuda:") ? parse_integer(text.substr(5)) : std::nullopt;
  if (!index || *index < 0)
    throw ConfigError("device", fmt::format("needs cpu, cuda or cuda:N, got '{}'", text));
}

void check_data(const std::string& spec) {
  if (!spec.empty()) parse_source(spec);
}

void check_runs(const std::vector<std::string>& runs) {
  for (const auto& run : runs) RunFolder::open(run);
}

void check_run(const RunArguments& arguments, const std::vector<std::string>& needed) {
  const auto run = RunFolder::open(arguments.run);
  check_device(arguments.device);
  const auto& has = find_model_info(run.config().model).capabilities;
  for (const auto& capability : needed)
    if (std::find(has.begin(), has.end(), capability) == has.end())
      refuse_capability(run.config().model, capability, has);
}

}  // namespace kiln::program
