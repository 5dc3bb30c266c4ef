#include "kiln/core/error.h"

#include <fmt/format.h>

namespace kiln {

Error::Error(std::string_view where, std::string_view message)
    : std::runtime_error(fmt::format("[{}] {}", where, message)) {}

NumericError::NumericError(std::string_view where, std::string_view message, std::int64_t step)
    : Error(where, message), step_(step) {}

void assertion_failed(const char* condition, const char* file, int line) {
  throw std::logic_error(fmt::format("{}:{}: assertion failed: {}", file, line, condition));
}

}  // namespace kiln
