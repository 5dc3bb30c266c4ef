#include "apps/kiln/requests.h"

#include <fmt/format.h>

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

void check_run(const RunArguments& arguments) {
  RunFolder::open(arguments.run);
  check_device(arguments.device);
}

}  // namespace kiln::program
