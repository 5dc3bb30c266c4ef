#include "kiln/core/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kiln {

void check_shape(std::string_view where, std::string_view name, const Tensor& tensor,
                 std::initializer_list<std::int64_t> sizes) {
  if (!tensor.defined()) throw ShapeError(where, fmt::format("{} is undefined", name));
  bool same = tensor.dim() == static_cast<std::int64_t>(sizes.size());
  std::int64_t axis = 0;
  std::vector<std::string> wanted;
  for (const auto size : sizes) {
    wanted.push_back(size == kAny ? "*" : std::to_string(size));
    same = same && (size == kAny || tensor.size(axis) == size);
    ++axis;
  }
  if (same) return;
  const auto got = tensor.sizes();
  throw ShapeError(where,
                   fmt::format("{} must have shape [{}], got [{}]", name, fmt::join(wanted, ", "),
                               fmt::join(got.begin(), got.end(), ", ")));
}

void check_positive(std::string_view where, std::string_view name, std::int64_t value) {
  if (value <= 0) throw ConfigError(where, fmt::format("{} must be positive, got {}", name, value));
}

}  // namespace kiln
