#include "apps/kiln/data_words.h"

#include <fmt/format.h>

#include <utility>

#include "kiln/core/options.h"

namespace kiln::program {

std::string class_name(const DataInfo& info, std::int64_t label) {
  const auto at = static_cast<std::size_t>(label);
  return at < info.class_names.size() ? info.class_names[at] : std::to_string(label);
}

std::string column_name(const DataInfo& info, std::size_t column) {
  return column < info.columns.size() ? info.columns[column] : fmt::format("column {}", column);
}

std::string describe_values(const DataInfo& info) {
  const auto kind = std::string(enum_name(info.values));
  return info.levels > 0 ? fmt::format("{}, {} levels", kind, info.levels) : kind;
}

nlohmann::json json_of(const NumberSummary& numbers) {
  return {{"mean", numbers.mean},
          {"standard_deviation", numbers.standard_deviation()},
          {"min", numbers.smallest},
          {"max", numbers.largest}};
}

std::string line_of(const NumberSummary& numbers) {
  return fmt::format("mean {:.4f}, standard deviation {:.4f}, min {:.4g}, max {:.4g}", numbers.mean,
                     numbers.standard_deviation(), numbers.smallest, numbers.largest);
}

PartSizes parts_of(const Splits& splits) {
  PartSizes parts;
  for (const auto& [name, part] :
       {std::pair("train", splits.train), {"valid", splits.valid}, {"test", splits.test}}) {
    parts.json[name] = part ? nlohmann::json(part->size()) : nlohmann::json();
    if (part)
      parts.text += fmt::format("{}{} {}", parts.text.empty() ? "" : ", ", name, part->size());
  }
  return parts;
}

}  // namespace kiln::program
