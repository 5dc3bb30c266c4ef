#include <fmt/format.h>

#include <cmath>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/use/evaluate.h"

namespace kiln::program {
namespace {

EvaluationAsk ask_of(const EvalArguments& a) {
  return {.metrics = a.metrics.empty() ? std::vector<std::string>() : split(a.metrics, ','),
          .data = a.data,
          .split = a.split,
          .direction = a.direction,
          .network = a.network,
          .annealing = a.annealed,
          .samples = a.samples,
          .draws = a.draws,
          .batch = a.batch,
          .seed = static_cast<std::uint64_t>(a.run.seed),
          .device = parse_device(a.run.device)};
}

std::string text_of(const EvaluationFigure& figure) {
  auto text = fmt::format("\n  {:16} {:10.4f}", figure.name, figure.value);
  if (figure.error && std::isnan(*figure.error))
    text += " +- unknown";
  else if (figure.error)
    text += fmt::format(" +- {:.4f}", *figure.error);
  return text + " " + figure.protocol;
}

}  // namespace

int evaluate(const EvalArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  Progress progress(!console.quiet);
  const auto answer = kiln::evaluate(run, ask_of(a), hooks_of(console, progress));
  progress.clear();
  auto text = fmt::format("{} at step {} on {}", a.run.run, run.step, answer.data);
  nlohmann::json figures, errors;
  for (const auto& figure : answer.figures) {
    text += text_of(figure);
    figures[figure.name] = figure.value;
    if (figure.error) errors[figure.name] = *figure.error;
  }
  nlohmann::json json{{"run", a.run.run},         {"step", run.step},      {"data", answer.data},
                      {"items", answer.items},    {"draws", answer.draws}, {"metrics", figures},
                      {"standard_errors", errors}};
  if (answer.samples) json["samples"] = *answer.samples;
  if (answer.mode_samples) json["mode_samples"] = *answer.mode_samples;
  if (!answer.direction.empty()) json["direction"] = answer.direction;
  console.result(text, json);
  return 0;
}

}  // namespace kiln::program
