#include "apps/kiln/svg_file.h"

#include <filesystem>

#include "kiln/io/atomic_file.h"

namespace kiln::program {

void write_picture(const std::string& out, const std::string& svg) {
  const auto folder = std::filesystem::path(out).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  write_file_atomically(out, svg);
}

}  // namespace kiln::program
