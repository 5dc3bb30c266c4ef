#include "kiln/data/code_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv.h"
#include "kiln/data/csv_text.h"
#include "kiln/data/npy_source.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/npy.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 28;  // 1 GiB of codes

void check_sizes(const CodeTable& codes) {
  const auto count = static_cast<std::size_t>(codes.rows * codes.columns);
  if (codes.rows < 0 || codes.columns < 1 || codes.z.size() != count ||
      (!codes.labels.empty() && codes.labels.size() != static_cast<std::size_t>(codes.rows)))
    throw ShapeError("codes",
                     fmt::format("{} numbers and {} labels are no {} codes of {} latents",
                                 codes.z.size(), codes.labels.size(), codes.rows, codes.columns));
}

std::string csv_text(const CodeTable& codes) {
  std::string text = "index";
  for (std::int64_t j = 0; j < codes.columns; ++j)
    fmt::format_to(std::back_inserter(text), ",z{}", j);
  text += codes.labels.empty() ? "\n" : ",label\n";
  auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < static_cast<std::size_t>(codes.rows); ++i) {
    fmt::format_to(out, "{}", i);
    for (std::size_t j = 0; j < static_cast<std::size_t>(codes.columns); ++j)
      fmt::format_to(out, ",{}", codes.z[i * static_cast<std::size_t>(codes.columns) + j]);
    if (!codes.labels.empty()) fmt::format_to(out, ",{}", codes.labels[i]);
    text += '\n';
  }
  return text;
}

std::vector<NpyArray> arrays_of(const CodeTable& codes) {
  std::vector<NpyArray> arrays{{"z", {codes.rows, codes.columns}, codes.z}};
  if (!codes.labels.empty())
    arrays.push_back({"y", {codes.rows}, {codes.labels.begin(), codes.labels.end()}});
  return arrays;
}

// z0, z1 ... for as long as a table's first line names them.
std::vector<std::string> code_columns(const std::filesystem::path& path) {
  CsvReader reader(file_bytes(path));
  CsvRecord record;
  std::vector<std::string> cells, names;
  if (reader.next(record)) split_cells(record.text, guess_separator(record.text), cells);
  const std::unordered_set<std::string> titles(cells.begin(), cells.end());
  for (auto name = std::string("z0"); titles.contains(name);
       name = fmt::format("z{}", names.size()))
    names.push_back(name);
  if (names.empty())
    throw IoError("codes", fmt::format("{} has no column z0; codes stand in columns z0, z1 ..., "
                                       "named in the first line",
                                       path.string()));
  return names;
}

DatasetPtr open_codes(const std::filesystem::path& path) {
  if (path.extension() == ".npz")
    return open_npz(path.string(), path,
                    {.key = "z", .array = {.layout = {}, .values = Values::real}}, false);
  CsvOptions options;
  options.columns = join(code_columns(path), "+");
  options.header = true;
  options.values = Values::real;
  return open_csv(path.string(), file_bytes(path), options, false);
}

}  // namespace

void check_code_file(const std::filesystem::path& path) {
  if (path.extension() == ".csv" || path.extension() == ".npz") return;
  throw ConfigError("codes",
                    fmt::format("a file of codes ends in .csv or .npz, got '{}'", path.string()));
}

void write_codes(const std::filesystem::path& path, const CodeTable& codes) {
  check_code_file(path);
  check_sizes(codes);
  if (path.extension() == ".npz")
    write_npz(path, arrays_of(codes));
  else
    write_file_atomically(path, csv_text(codes));
}

CodeTable read_codes(const std::filesystem::path& path) {
  check_code_file(path);
  const auto data = open_codes(path);
  if (data->info().shape.size() != 1)
    throw IoError("codes", fmt::format("z of {} is no table [items, latents]", path.string()));
  CodeTable codes{.rows = data->size(), .columns = data->info().shape[0]};
  if (codes.rows > kMostNumbers / codes.columns)
    throw IoError("codes", fmt::format("{} holds {} codes of {} numbers; at most {} numbers are "
                                       "read, so give it in parts",
                                       path.string(), codes.rows, codes.columns, kMostNumbers));
  const auto width = static_cast<std::size_t>(codes.columns);
  codes.z.resize(static_cast<std::size_t>(codes.rows) * width);
  for (std::int64_t i = 0; i < codes.rows; ++i)
    data->read(i, {codes.z.data() + static_cast<std::size_t>(i) * width, width});
  return codes;
}

}  // namespace kiln
