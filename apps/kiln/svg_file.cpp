#include "apps/kiln/svg_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {

void check_picture_name(const std::string& out) {
  if (!out.empty() && std::filesystem::path(out).extension() != ".svg")
    throw ConfigError("out", fmt::format("needs a name that ends in .svg, got '{}'", out));
}

void write_picture(const std::string& out, const std::string& svg) {
  const auto folder = std::filesystem::path(out).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  write_file_atomically(out, svg);
}

}  // namespace kiln::program
