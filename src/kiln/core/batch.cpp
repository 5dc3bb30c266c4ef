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

Batch Batch::chosen(const Tensor& index) const {
  const auto of = [&](const Tensor& part) {
    return part.defined() ? part.index_select(0, index.to(part.device())) : part;
  };
  Batch result(of(x), of(y));
  for (const auto& [name, part] : more) result.more[name] = of(part);
  return result;
}

Batch Batch::around(Tensor other) const {
  auto result = *this;
  result.x = std::move(other);
  return result;
}

}  // namespace kiln
