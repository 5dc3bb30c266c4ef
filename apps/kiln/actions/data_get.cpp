#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/kiln/actions.h"
#include "apps/kiln/actions/progress.h"
#include "apps/kiln/fetch/get_set.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

std::filesystem::path folder_for(const DataGetArguments& a) {
  if (!a.out.empty()) return a.out;
  const auto* data = std::getenv("KILN_DATA");
  return std::filesystem::path(data && *data ? data : "data") / a.name;
}

// Of a transfer, in units of a million bytes.
void show(Progress& progress, const std::string& file, std::uint64_t done, std::uint64_t total) {
  const auto millions = [](std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; };
  const auto of = total > 0 ? fmt::format(" of {:.1f}", millions(total)) : std::string();
  progress.show(fmt::format("{}  {:.1f}{} MB", file, millions(done), of), done, total);
}

}  // namespace

int data_get(const DataGetArguments& a, const Console& console) {
  const auto& set = published_set(a.name);
  const auto folder = folder_for(a);
  Progress progress(!console.quiet);
  const auto got =
      get_set(set, {.folder = folder,
                    .from = a.from,
                    .watch = [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
                      show(progress, file, done, total);
                    }});
  progress.clear();
  for (const auto& name : got.replaced) console.note(name + " was damaged and is fetched anew");
  const auto spec = set.kind + ":" + folder.string();
  const auto came =
      got.fetched == 0 ? std::string("all of it was there")
                       : fmt::format("files: {} fetched, {} there already", got.fetched, got.there);
  console.result(fmt::format("{}: {}\n{}\nlook at it: kiln data {} -o {}.png", set.name, set.holds,
                             came, shell_word(spec), set.name),
                 {{"name", set.name},
                  {"folder", folder.string()},
                  {"data", spec},
                  {"fetched", got.fetched},
                  {"there", got.there}});
  return 0;
}

}  // namespace kiln::program
