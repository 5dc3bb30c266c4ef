#include "apps/kiln/device_name.h"

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln::program {

std::optional<std::int64_t> cuda_index(const std::string& device) {
  if (device == "cpu") return std::nullopt;
  if (device == "cuda") return 0;
  const auto index = device.starts_with("cuda:") ? parse_integer(device.substr(5)) : std::nullopt;
  if (!index || *index < 0)
    throw ConfigError("device", fmt::format("needs cpu, cuda or cuda:N, got '{}'", device));
  return index;
}

}  // namespace kiln::program
