#include "apps/kiln/actions.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

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
  if (fs::exists(beside, error)) return beside;
  return (folder / KILN_LIBRARY_FOLDER / kLibrary).lexically_normal();
}

// libgomp reads OMP_WAIT_POLICY when it is loaded, and spinning threads are ruinous wherever
// another process wants a core.  Symbols are shared, since numbers of threads and oneDNN's products
// are asked for by name.
const Actions& load() {
  setenv("OMP_WAIT_POLICY", "passive", 0);
  const auto path = library_path();
  auto* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (!library)
    throw IoError("kiln", fmt::format("{} cannot be loaded; install Kiln again: {}", path.string(),
                                      dlerror()));
  const auto entry = reinterpret_cast<decltype(&kiln_actions)>(dlsym(library, "kiln_actions"));
  const auto* table = entry ? entry(version()) : nullptr;
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
