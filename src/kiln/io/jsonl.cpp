#include "kiln/io/jsonl.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"

namespace kiln {
namespace {

// Bytes up to and with the last line break: a line without one was not finished.
std::size_t whole_lines(std::string_view text) {
  const std::size_t last = text.rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

bool is_after(const std::filesystem::path& path, std::size_t number, std::string_view line,
              std::int64_t step) {
  const auto object = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object())
    throw IoError("jsonl", fmt::format("'{}' line {} is not a JSON object; repair or remove it",
                                       path.string(), number));
  const auto found = object.find("step");
  return found != object.end() && found->is_number() && found->get<double>() > double(step);
}

}  // namespace

JsonlWriter::JsonlWriter(const std::filesystem::path& path) : file_(path) {
  file_.cut_to(whole_lines(read_text_file(path, std::uint64_t{1} << 32)));
}

void JsonlWriter::write(std::string_view object) {
  KILN_ASSERT(object.find('\n') == std::string_view::npos);
  file_.append(std::string(object) + "\n");
}

void truncate_after_step(const std::filesystem::path& path, std::int64_t step) {
  if (!std::filesystem::exists(path)) return;
  const std::string text = read_text_file(path, std::uint64_t{1} << 32);
  std::string kept;
  std::size_t number = 0;
  for (std::string_view rest = std::string_view(text).substr(0, whole_lines(text));
       !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!is_after(path, ++number, line, step)) kept += line;
  }
  if (kept != text) write_file_atomically(path, kept);
}

}  // namespace kiln
