#include <fmt/format.h>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

std::vector<std::int64_t> label_counts(const std::string& text) {
  std::vector<std::int64_t> counts;
  for (const auto& part : split(text, ',')) {
    const auto count = parse_integer(part);
    if (!count || *count < 1)
      throw ConfigError("probe.labels", fmt::format("needs numbers of labelled items, as in "
                                                    "100,1000; got '{}'",
                                                    part));
    counts.push_back(*count);
  }
  if (counts.empty()) throw ConfigError("probe.labels", "needs at least one number");
  return counts;
}

void check_probe(ProbeArguments& a) {
  a.labels = label_counts(a.labels_text);
  if (a.split == "train")
    throw ConfigError("probe.split", "the train part gives the labels; judge by test or valid");
}

}  // namespace

void add_probe(const Program& program) {
  auto a = std::make_shared<ProbeArguments>();
  auto* command = program.add("probe", "what a classifier with few labels makes of the codes",
                              "kiln probe runs/vae --labels 100,1000 --fine-tune");
  add_run_arguments(command, a->run);
  command->add_option("--labels", a->labels_text,
                      "numbers of labelled items, as many of every class [100,1000]");
  command->add_flag("--fine-tune", a->fine_tune, "also train the encoder on, ten times slower");
  command->add_option("--neighbours", a->neighbours, "that vote, by cosine [20]")
      ->check(whole_number(1, 10000));
  command->add_option("--data", a->data,
                      "labelled source: its train part gives labels [the run's own source]");
  command->add_option(
      "--split", a->split,
      "what to judge by: test or valid [test, or valid where there is no test part]");
  program.on_run(command, &Actions::probe, a, check_probe, {"encoder"});
}

}  // namespace kiln::program
