#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kiln::program {

/// cpu: nothing; cuda and cuda:N: which.  Throws ConfigError for anything else; whether this
/// machine has it is seen later.
std::optional<std::int64_t> cuda_index(const std::string& device);

}  // namespace kiln::program
