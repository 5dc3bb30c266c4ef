#include "kiln/core/batch.h"

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {

const Tensor& Batch::at(const std::string& name) const {
  if (const auto found = more.find(name); found != more.end()) return found->second;
  std::vector<std::string> names{"x"};
  if (y.defined()) names.emplace_back("y");
  for (const auto& [known, part] : more) names.push_back(known);
  throw ShapeError("batch", fmt::format("has no part '{}'; it has: {}", name, join(names, ", ")));
}

}  // namespace kiln
