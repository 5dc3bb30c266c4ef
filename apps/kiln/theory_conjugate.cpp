#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/conjugate_picture.h"
#include "apps/kiln/svg_file.h"
#include "apps/kiln/theory_topics.h"
#include "kiln/core/text.h"
#include "kiln/prob/f_divergence.h"
#include "kiln/theory/legendre.h"

namespace kiln::program {
namespace {

struct ConjugateArguments {
  std::string f = "kl", out;
};

struct Point {
  double u, f, t, conjugate, numeric, twice, gap;  // t = f'(u), twice = f**(u)
};

std::vector<Point> points_of(const FDivergence& row) {
  const auto f = [&](double u) { return row.f(u); };
  std::vector<Point> points;
  for (const double u : {.1, .25, .5, .8, 1., 1.25, 2., 4., 10.}) {
    const double t = row.slope(u);
    points.push_back(
        {u, row.f(u), t, row.conjugate(t), legendre(f, t),
         biconjugate([&](double s) { return row.conjugate(s); }, u, row.slope_at_infinity),
         fenchel_young_gap(row.f(u), row.conjugate(t), u, t)});
  }
  return points;
}

std::string table(const FDivergence& row, const std::vector<Point>& points) {
  auto text = fmt::format(
      "{}: f(u) = {}, f'(1) = {:.4g}, f* is finite up to t = {:.4g}\n"
      "  {:>8}{:>12}{:>14}{:>12}{:>18}{:>12}{:>22}",
      row.title, row.formula, row.threshold, row.slope_at_infinity, "u", "f(u)", "t = f'(u)",
      "f*(t)", "f*(t) by search", "f**(u)", "f(u) + f*(t) - u t");
  for (const auto& p : points)
    text += fmt::format("\n  {:8.3g}{:12.6f}{:14.6f}{:12.6f}{:18.6f}{:12.6f}{:22.1e}", p.u, p.f,
                        p.t, p.conjugate, p.numeric, p.twice, p.gap);
  return text;
}

nlohmann::json as_json(const FDivergence& row, const std::vector<Point>& points) {
  nlohmann::json list;
  for (const auto& p : points)
    list.push_back({{"u", p.u},
                    {"f", p.f},
                    {"t", p.t},
                    {"conjugate", p.conjugate},
                    {"conjugate_by_search", p.numeric},
                    {"biconjugate", p.twice},
                    {"fenchel_young_gap", p.gap}});
  return {{"f", row.name},
          {"formula", row.formula},
          {"threshold", row.threshold},
          {"slope_at_infinity", row.slope_at_infinity},
          {"points", list}};
}

int conjugate(const ConjugateArguments& a, const Console& console) {
  check_ending("out", a.out, ".svg");
  const auto row = f_divergence("conjugate.f", a.f);
  const auto points = points_of(row);
  auto text = table(row, points);
  auto json = as_json(row, points);
  if (!a.out.empty()) {
    write_picture(a.out, conjugate_picture(row));
    text += "\n" + a.out;
    json["file"] = a.out;
  }
  console.result(text, json);
  return 0;
}

}  // namespace

void add_theory_conjugate(const Program& topics) {
  auto a = std::make_shared<ConjugateArguments>();
  auto* command = topics.add("conjugate", "f, its Fenchel conjugate f* and f** of a divergence",
                             "kiln theory conjugate --f hellinger -o hellinger.svg");
  command->add_option("--f", a->f, join(f_divergence_names(), ", ") + " [kl]");
  command->add_option("-o,--out", a->out, "FILE.svg: f with a tangent, and f*");
  topics.on_run(command, [command, a, &console = topics.console] {
    check_out(*command);
    return conjugate(*a, console);
  });
}

}  // namespace kiln::program
