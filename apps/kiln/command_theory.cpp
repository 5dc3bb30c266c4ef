#include <fmt/format.h>

#include "apps/kiln/theory_topics.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

[[noreturn]] void refuse_topic(const CLI::App& theory) {
  std::vector<std::string> topics;
  for (const auto* topic : theory.get_subcommands([](const CLI::App*) { return true; }))
    topics.push_back(topic->get_name());
  const auto extras = theory.remaining();
  if (extras.empty())
    throw ConfigError("theory", fmt::format("needs a topic: {}", join(topics, ", ")));
  const auto hint = did_you_mean(extras.front(), topics);
  throw ConfigError("theory", fmt::format("no topic '{}'{} Topics: {}", extras.front(),
                                          hint.empty() ? "." : hint, join(topics, ", ")));
}

}  // namespace

void add_theory(const Program& program) {
  auto* theory = program.add("theory", "the laboratory: what can be calculated about models",
                             "kiln theory params --n 784 --states 2 --order 1");
  const Program topics{*theory, program.console, program.commands, program.arguments};
  for (const auto add : {add_theory_params, add_theory_ordering, add_theory_bayesnet,
                         add_theory_divergence, add_theory_conjugate, add_theory_gan})
    add(topics);
  program.on_run(
      theory, [theory]() -> int { refuse_topic(*theory); }, true);
}

}  // namespace kiln::program
