#include <fmt/format.h>

#include "apps/kiln/theory_topics.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"

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

void check_picture_name(const std::string& out) {
  if (!out.empty() && std::filesystem::path(out).extension() != ".svg")
    throw ConfigError("out", fmt::format("needs a name that ends in .svg, got '{}'", out));
}

void write_picture(const std::string& out, const std::string& svg) {
  const auto folder = std::filesystem::path(out).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  write_file_atomically(out, svg);
}

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
