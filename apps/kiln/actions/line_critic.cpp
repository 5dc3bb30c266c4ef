#include <fmt/format.h>

#include <cmath>

#include "apps/kiln/actions/line_laboratory.h"
#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/svg_file.h"
#include "apps/kiln/theory_law.h"
#include "kiln/io/svg.h"
#include "kiln/io/svg_plot.h"

namespace kiln::program {
namespace {

std::string picture(const Laboratory& lab) {
  PlotSeries star{.name = "D* = p / (p + q)", .x = lab.x, .y = lab.best, .dashed = true};
  PlotSeries error{.name = "|D - D*|", .x = lab.x, .y = {}};
  for (std::size_t i = 0; i < lab.x.size(); ++i)
    error.y.push_back(std::abs(lab.trained[i] - lab.best[i]));
  PlotSeries gap{.name = "2 JSD - ln 4 - V(D, G)", .x = lab.steps, .y = {}};
  for (const double bound : lab.bounds) gap.y.push_back(lab.best_value - bound);
  return svg_grid({svg_line_plot({.title = "two laws",
                                  .x_label = "x",
                                  .y_label = "density",
                                  .series = {{"p", lab.x, lab.p}, {"q", lab.x, lab.q}}}),
                   svg_line_plot({.title = "the critic",
                                  .x_label = "x",
                                  .y_label = "probability of p",
                                  .series = {{"trained D", lab.x, lab.trained}, star}}),
                   svg_line_plot({.title = "what its value still lacks",
                                  .x_label = "steps",
                                  .y_label = "nats",
                                  .series = {gap},
                                  .log_y = true}),
                   svg_line_plot({.title = "how far it is from the best",
                                  .x_label = "x",
                                  .y_label = "difference of probabilities",
                                  .series = {error},
                                  .log_y = true})},
                  2, "The critic of a GAN between two known laws");
}

}  // namespace

int line_critic(const LineCriticArguments& a, const Console& console) {
  const auto p = line_law_of("gan.p", a.p), q = line_law_of("gan.q", a.q);
  const auto lab = run_laboratory(p, q, a);
  auto text = fmt::format(
      "P = {}, Q = {}\n"
      "  JSD                                     {:.9f} nats, in [0, ln 2 = 0.693147181]\n"
      "  I(X; Z) of the even mixture             {:.9f}\n"
      "  2 JSD - ln 4                            {:.9f}\n"
      "  V(D*, G) with D* = p / (p + q)          {:.9f}\n"
      "  V(D, G) of a critic after {:5} steps   {:.9f}\n"
      "  largest |D - D*| where there is density {:.4f}",
      a.p, a.q, lab.js, lab.mutual, 2 * lab.js - std::log(4.), lab.best_value, a.steps,
      lab.trained_value, lab.worst);
  nlohmann::json json{{"p", a.p},
                      {"q", a.q},
                      {"js", lab.js},
                      {"mutual_information", lab.mutual},
                      {"best_value", lab.best_value},
                      {"trained_value", lab.trained_value},
                      {"largest_error", lab.worst},
                      {"steps", a.steps}};
  if (!a.out.empty()) {
    write_picture(a.out, picture(lab));
    text += "\n" + a.out;
    json["file"] = a.out;
  }
  console.result(text, json);
  return 0;
}

}  // namespace kiln::program
