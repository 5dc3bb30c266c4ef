#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

void check_known(const std::string& known) {
  const std::vector<std::string> patterns{"top-half", "bottom-half", "left-half", "right-half",
                                          "centre"};
  if (std::find(patterns.begin(), patterns.end(), known) != patterns.end() ||
      std::filesystem::exists(known))
    return;
  const auto hint = did_you_mean(known, patterns);
  throw ConfigError("known", fmt::format("no pattern and no picture '{}'{} Patterns: {}", known,
                                         hint.empty() ? "." : hint, join(patterns, ", ")));
}

void check_complete(CompleteArguments& a) {
  if (!a.image.empty() && !a.data.empty())
    throw ConfigError("complete", "give --image or --data, not both");
  check_known(a.known);
  check_png(a);
}

}  // namespace

void add_complete(const Program& program) {
  auto a = std::make_shared<CompleteArguments>();
  auto* command = program.add(
      "complete", "draw the unknown part of images, given the known one",
      "kiln complete runs/nade --data digits --index 0,1,2 --known top-half -o FILE.png");
  add_run_arguments(command, a->run);
  command->add_option("--image", a->image, "a picture to complete");
  add_judged_data(command, a->data, a->split,
                  "data source whose items to complete [the run's own source]");
  command->add_option("--index", a->indices, "which items, separated by commas [0]");
  command
      ->add_option("--known", a->known,
                   "what is given: top-half, bottom-half, left-half, right-half, centre, or a "
                   "picture whose bright pixels are given")
      ->required();
  command->add_option("--draws", a->draws, "completions of each item [6]")
      ->check(whole_number(1, 1000));
  command->add_option("-o,--out", a->out, "FILE.png [RUN/samples/complete-SEED.png]");
  program.on_run(command, &Actions::complete, a, check_complete, {"completer"});
}

}  // namespace kiln::program
