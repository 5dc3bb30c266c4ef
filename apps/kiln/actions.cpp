#include "apps/kiln/actions.h"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kiln/core/error.h"
#include "kiln/core/version.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "kiln_actions.so";

// Beside the program in a build folder, in PREFIX/lib/kiln when installed.
fs::path library_path() {
  std::error_code error;
  const auto folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (error) throw IoError("kiln", "cannot tell where the program lies: " + error.message());
  const auto beside = folder / kLibrary;
  const auto installed = (folder / KILN_LIBRARY_FOLDER / kLibrary).lexically_normal();
  for (const auto& path : {beside, installed})
    if (fs::exists(path, error)) return path;
  throw IoError("kiln", fmt::format("there is neither {} nor {}; install Kiln again",
                                    beside.string(), installed.string()));
}

// The loader reads what a file says it holds, and a file that was cut short ends the process.
void check_whole(const fs::path& path) {
  std::error_code error;
  Elf64_Ehdr header{};
  const bool regular = fs::is_regular_file(path, error);
  const auto size = regular ? fs::file_size(path, error) : 0;
  if (regular)
    std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(&header), sizeof header);
  const auto end = header.e_shoff + std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff == 0 || end > size)
    throw IoError("kiln",
                  fmt::format("{} is no library, or cut short; install Kiln again", path.string()));
}

// libgomp reads OMP_WAIT_POLICY when it is loaded, and spinning threads are ruinous wherever
// another process wants a core.  Symbols are shared, since numbers of threads and oneDNN's products
// are asked for by name.
const Actions& load() {
  setenv("OMP_WAIT_POLICY", "passive", 0);
  const auto path = library_path();
  check_whole(path);
  auto* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (!library)
    throw IoError("kiln", fmt::format("cannot be loaded; install Kiln again: {}", dlerror()));
  const auto entry = reinterpret_cast<decltype(&kiln_actions)>(dlsym(library, "kiln_actions"));
  const auto* table = entry ? entry(KILN_INTERFACE) : nullptr;
  if (!table)
    throw IoError("kiln", fmt::format("{} is of another build than this program, {}; install Kiln "
                                      "again",
                                      path.string(), version()));
  return *table;
}

}  // namespace

const Actions& actions() {
  static const Actions& loaded = load();
  return loaded;
}

}  // namespace kiln::program
