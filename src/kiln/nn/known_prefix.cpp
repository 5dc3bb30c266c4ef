#include "kiln/nn/known_prefix.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/error.h"
#include "kiln/core/options.h"

namespace kiln {

void check_known_prefix(std::string_view where, const Tensor& known, const Tensor& order,
                        Ordering kind, const ItemWords& words) {
  const auto visited = known.index_select(1, order.to(known.device()));
  const auto gap = (visited.slice(1, 1) > visited.slice(1, 0, -1)).nonzero();
  if (gap.size(0) == 0) return;
  throw ConfigError(
      std::string(where),
      fmt::format("known {0}s must come before all unknown ones in the ordering '{1}', but {0} {2} "
                  "of {3} {4} is known and comes after an unknown one; mask a later part, or train "
                  "with an ordering that visits the known part first{5}",
                  words.number, enum_name(kind),
                  order[gap[0][1].item<std::int64_t>() + 1].item<std::int64_t>(), words.item,
                  gap[0][0].item<std::int64_t>(), words.remark));
}

}  // namespace kiln
