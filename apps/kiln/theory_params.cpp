#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/kiln/svg_file.h"
#include "apps/kiln/theory_topics.h"
#include "kiln/theory/parameter_table.h"

namespace kiln::program {
namespace {

struct ParamsArguments {
  std::int64_t n = 784, states = 2, order = 1;
  std::optional<std::int64_t> asked_order = std::nullopt;
  std::string out;
};

std::string as_text(const std::vector<ParameterRow>& rows, const ParameterCrossover& crossover,
                    const ParamsArguments& a) {
  auto text =
      fmt::format("free parameters of laws over {} variables of {} states\n", a.n, a.states);
  for (const auto& row : rows)
    text += fmt::format("  {:24}{:>20}   = {}\n", row.law, row.count.text(), row.formula);
  text += fmt::format(
      "AR-{} by position is the joint table up to n = {}; homogeneous it has fewer parameters than "
      "independence from n = {}",
      a.order, crossover.joint_until, crossover.homogeneous_wins_from);
  return text;
}

nlohmann::json as_json(const std::vector<ParameterRow>& rows, const ParameterCrossover& crossover,
                       const ParamsArguments& a) {
  auto laws = nlohmann::json::object();
  for (const auto& row : rows) {
    const auto exact = row.count.exact();
    laws[row.key] = {{"formula", row.formula},
                     {"parameters", exact ? nlohmann::json(*exact) : nlohmann::json()},
                     {"text", row.count.text()},
                     {"log10", row.count.log10()}};
  }
  return {{"n", a.n},
          {"states", a.states},
          {"order", a.order},
          {"laws", laws},
          {"joint_until", crossover.joint_until},
          {"homogeneous_wins_from", crossover.homogeneous_wins_from}};
}

int params(const ParamsArguments& a, const Console& console) {
  check_ending("out", a.out, ".svg");
  const auto rows = parameter_table(a.n, a.states, a.order);
  const auto crossover = parameter_crossover(a.states, a.order);
  auto json = as_json(rows, crossover, a);
  auto text = as_text(rows, crossover, a);
  if (!a.out.empty()) {
    write_picture(a.out, parameter_plot(a.n, a.states, a.order));
    json["file"] = a.out;
    text += "\n" + a.out;
  }
  console.result(text, json);
  return 0;
}

}  // namespace

void add_theory_params(const Program& topics) {
  auto a = std::make_shared<ParamsArguments>();
  auto* command = topics.add("params", "how many free parameters a law of discrete variables has",
                             "kiln theory params --n 784 --states 2 --order 1 --out params.svg");
  command->add_option("--n", a->n, "variables [784]");
  command->add_option("--states", a->states, "values that each variable takes [2]");
  command->add_option("--order", a->asked_order,
                      "how far a Markov chain looks back, below n [1, or 0 for one variable]");
  command->add_option("-o,--out", a->out, "FILE.svg: parameters against n");
  topics.on_run(command, [command, a, &console = topics.console] {
    check_out(*command);
    a->order = a->asked_order.value_or(std::clamp<std::int64_t>(a->n - 1, 0, 1));
    return params(*a, console);
  });
}

}  // namespace kiln::program
