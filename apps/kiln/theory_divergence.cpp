#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/kiln/theory_law.h"
#include "apps/kiln/theory_topics.h"
#include "kiln/theory/line_divergences.h"

namespace kiln::program {
namespace {

struct DivergenceArguments {
  std::string p = "normal:0,1", q = "normal:1,1.5";
  double alpha = .5;
};

struct Row {
  std::string name, title;
  double forward, backward;  // D(P||Q), D(Q||P)
};

std::vector<Row> rows_of(const LineLaw& p, const LineLaw& q, double alpha) {
  std::vector<Row> rows;
  for (const auto& name : f_divergence_names(fmt::format("alpha:{}", alpha))) {
    if (name == "js") continue;  // below, as the Jensen-Shannon divergence itself
    const auto f = f_divergence("divergence.alpha", name);
    rows.push_back({f.name, std::string(f.title), divergence(f, p, q), divergence(f, q, p)});
  }
  rows.push_back(
      {"js", "Jensen-Shannon, half of f:js", jensen_shannon(p, q), jensen_shannon(q, p)});
  rows.push_back(
      {"w1", "earth mover's distance, units of x", wasserstein1(p, q), wasserstein1(q, p)});
  return rows;
}

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6f}", value) : "infinite";
}

int divergences(const DivergenceArguments& a, const Console& console) {
  const auto p = line_law_of("divergence.p", a.p), q = line_law_of("divergence.q", a.q);
  auto text = fmt::format("P = {}, Q = {}\n  {:12}{:38}{:>14}{:>14}", a.p, a.q, "name",
                          "divergence", "D(P||Q)", "D(Q||P)");
  nlohmann::json json{{"p", a.p}, {"q", a.q}}, swapped;
  for (const auto& row : rows_of(p, q, a.alpha)) {
    text += fmt::format("\n  {:12}{:38}{:>14}{:>14}", row.name, row.title, number(row.forward),
                        number(row.backward));
    json[row.name] = row.forward, swapped[row.name] = row.backward;
  }
  json["swapped"] = swapped;
  console.result(text, json);
  return 0;
}

}  // namespace

void add_theory_divergence(const Program& topics) {
  auto a = std::make_shared<DivergenceArguments>();
  auto* command =
      topics.add("divergence", "how far apart two laws on the line are, by every divergence",
                 "kiln theory divergence --p normal:0,1 --q normal:1,1.5");
  command->add_option("--p", a->p, std::string(kLineLawHelp) + " [normal:0,1]");
  command->add_option("--q", a->q, "the other law [normal:1,1.5]");
  command->add_option("--alpha", a->alpha, "of the alpha divergence, not 0 or 1 [0.5]");
  topics.on_run(command, [a, &console = topics.console] { return divergences(*a, console); });
}

}  // namespace kiln::program
