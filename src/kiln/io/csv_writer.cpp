#include "kiln/io/csv_writer.h"

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"

namespace kiln {
namespace {

std::string quoted(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

}  // namespace

void write_csv(const std::filesystem::path& path, const std::vector<std::string>& names,
               const std::vector<std::vector<double>>& rows) {
  std::vector<std::string> header;
  for (const auto& name : names) header.push_back(quoted(name));
  std::string text = join(header, ",") + "\n";
  for (const auto& row : rows) {
    if (row.size() != names.size())
      throw ShapeError("csv",
                       fmt::format("a row has {} numbers for {} names", row.size(), names.size()));
    text += fmt::format("{}\n", fmt::join(row, ","));
  }
  write_file_atomically(path, text);
}

}  // namespace kiln
