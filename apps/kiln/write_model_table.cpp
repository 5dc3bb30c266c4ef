// Run by the build: writes the registry down as the source file that the program compiles in.
#include <fmt/format.h>

#include <cstdio>

#include "kiln/registry/models.h"

int main() {
  std::vector<kiln::ModelInfo> infos;
  for (const auto& entry : kiln::models()) infos.push_back(entry);
  fmt::print(
      "namespace kiln::program {{\n"
      "extern const char* const kModelTableJson;\n"
      "const char* const kModelTableJson = R\"json({})json\";\n"
      "}}  // namespace kiln::program\n",
      kiln::to_json(infos));
  return std::fflush(stdout) == 0 ? 0 : 1;
}
