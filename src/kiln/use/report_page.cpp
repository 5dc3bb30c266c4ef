#include "kiln/use/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>

#include "kiln/core/text.h"
#include "kiln/core/version.h"
#include "kiln/io/atomic_file.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/runs/watch.h"
#include "kiln/use/html.h"
#include "kiln/use/repeat_command.h"
#include "kiln/use/report_curves.h"
#include "kiln/use/report_measured.h"
#include "kiln/use/run_history.h"

namespace kiln::report {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFrames = 8;

struct Reported {
  std::string path, name, anchor;
  RunConfig config;
  RunHistory history;
  std::int64_t newest_step = 0;
  std::optional<Measured> measured;
};

std::string run_name(const std::string& run) {
  const auto path = fs::absolute(run).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

Reported gather(const std::string& run, std::size_t number, const ReportOptions& options,
                const Hooks& hooks) {
  const auto folder = RunFolder::open(run);
  const auto steps = folder.checkpoint_steps();
  Reported reported{.path = run,
                    .name = run_name(run),
                    .anchor = fmt::format("run-{}", number),
                    .config = folder.config(),
                    .history = read_history(run),
                    .newest_step = steps.empty() ? 0 : steps.back(),
                    .measured = std::nullopt};
  if (options.measure) reported.measured = measure(run, options, hooks);
  return reported;
}

std::string duration(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  return s >= 3600 ? fmt::format("{} h {} min", s / 3600, s / 60 % 60)
         : s >= 60 ? fmt::format("{} min {} s", s / 60, s % 60)
                   : fmt::format("{} s", s);
}

// Empty where no state is the best: the last one counts.
std::string best_validation(const RunHistory& history) {
  const auto has = [&](const std::string& name) {
    return std::any_of(history.series.begin(), history.series.end(),
                       [&](const auto& series) { return series.name == name; });
  };
  if (has("valid/code_mmd") && !has("valid/error")) return "";
  for (const auto& series : history.series) {
    if (!series.name.starts_with("valid/") || series.values.empty()) continue;
    const auto metric = series.name.substr(6);
    if (metric == "data_coverage" || metric == "support")  // of a GAN, whose last state counts
      return fmt::format("{} {:.3f} at the end", metric, series.values.back());
    const auto best = rises(metric) ? std::max_element(series.values.begin(), series.values.end())
                                    : std::min_element(series.values.begin(), series.values.end());
    const auto at = static_cast<std::size_t>(best - series.values.begin());
    return fmt::format("{} {:.3f} at step {:.0f}", escape_html(metric), *best, series.steps[at]);
  }
  return "";
}

std::string figure_text(const Reported& run, const std::string& metric) {
  if (run.measured)
    for (const auto& [name, estimate] : run.measured->figures)
      if (name == metric)
        return std::isnan(estimate.standard_error)
                   ? fmt::format("{:.3f}", estimate.mean)  // of one item
                   : fmt::format("{:.3f} &plusmn; {:.3f}", estimate.mean, estimate.standard_error);
  return "";
}

std::vector<std::string> all_metrics(const std::vector<Reported>& runs) {
  std::vector<std::string> metrics;
  for (const auto& run : runs)
    if (run.measured)
      for (const auto& [name, estimate] : run.measured->figures)
        if (std::find(metrics.begin(), metrics.end(), name) == metrics.end())
          metrics.push_back(name);
  return metrics;
}

std::string link_to(const Reported& run) {
  return fmt::format("<a href=\"#{}\">{}</a>", run.anchor, escape_html(run.name));
}

// What kind of number a column holds: an exact density and a bound are not the same thing.
std::string column_of(const std::string& metric) {
  if (metric == "nll" || metric == "bpd" || metric == "nll_standardised")
    return metric + " (exact)";
  if (metric == "elbo" || metric == "iwae" || metric == "elbo_bpd") return metric + " (bound)";
  return metric;
}

// Runs that were judged by the same items, in one table: within it the numbers of a column may be
// compared.
std::string figures_on(const std::string& data, const std::vector<Reported>& runs) {
  std::vector<Reported> own;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(own),
               [&](const Reported& run) { return run.measured && run.measured->data == data; });
  const auto metrics = all_metrics(own);
  std::vector<std::string> head{"run"};
  for (const auto& metric : metrics) head.push_back(column_of(metric));
  head.emplace_back("parameters");
  std::vector<std::vector<std::string>> rows;
  for (const auto& run : own) {
    std::vector<std::string> row{link_to(run)};
    for (const auto& metric : metrics) row.push_back(figure_text(run, metric));
    row.push_back(std::to_string(run.measured->parameters));
    rows.push_back(std::move(row));
  }
  return "<h3>Judged by " + escape_html(data) + "</h3>\n" + table(head, rows);
}

std::string all_figures(const std::vector<Reported>& runs) {
  std::set<std::string> data;
  for (const auto& run : runs)
    if (run.measured) data.insert(run.measured->data);
  std::string html;
  for (const auto& one : data) html += figures_on(one, runs);
  if (!html.empty())
    html +=
        "<p class=\"faint\">Numbers of one column in one table may be compared; a small nll is "
        "good, and so is a large elbo or iwae, bounds of the log-likelihood. A model that is known "
        "by its bound is at least as good as the bound says: where that beats an exact figure it "
        "is the better one, else the two leave it open. Figures of other items tell nothing of "
        "these.</p>\n";
  return html;
}

std::string comparison(const std::vector<Reported>& runs) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& run : runs)
    rows.push_back({link_to(run), escape_html(run.config.model), escape_html(run.config.data),
                    std::to_string(run.measured ? run.measured->step : run.newest_step),
                    duration(run.history.seconds), best_validation(run.history)});
  std::vector<std::pair<std::string, const RunHistory*>> histories;
  for (const auto& run : runs) histories.emplace_back(run.name, &run.history);
  return table({"run", "model", "data", "step", "training", "best validation"}, rows) +
         all_figures(runs) + compared_validation(histories);
}

std::string facts(const Reported& run) {
  const auto& entry = find_model(run.config.model);
  const auto& train = run.config.train;
  std::vector<std::pair<std::string, std::string>> list{
      {"paper", entry.paper},
      {"capabilities", join(entry.capabilities, ", ")},
      {"data", run.config.data + (run.config.data_b.empty() ? "" : ", b: " + run.config.data_b) +
                   (run.config.encoder.empty() ? "" : ", codes of " + run.config.encoder) +
                   (run.config.valid.empty() ? "" : ", validated on " + run.config.valid)},
      {"options", changed_options(run.config)},
      {"steps", fmt::format("{} of {}, batches of {}", run.newest_step, train.steps, train.batch)},
      {"speed", fmt::format("{} of training, {:.0f} examples a second",
                            duration(run.history.seconds), run.history.examples_per_second)}};
  if (run.measured) {
    list.emplace_back("parameters", std::to_string(run.measured->parameters));
    list.emplace_back("checkpoint", fmt::format("step {}", run.measured->step));
  }
  std::string html = "<dl>\n";
  for (const auto& [name, value] : list)
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, escape_html(value));
  return html + "</dl>\n";
}

std::string figures(const Reported& run) {
  if (!run.measured || run.measured->figures.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, estimate] : run.measured->figures)
    rows.push_back({name, figure_text(run, name), std::string(metric_unit(name))});
  const bool implicit = run.measured->figures.front().first == kCoverage;
  return "<h3>Figures</h3>\n<p class=\"faint\">" + escape_html(run.measured->data) + "</p>\n" +
         table({"figure", "mean", "unit"}, rows) +
         (implicit ? "<p class=\"faint\">The model is implicit: it has no likelihood. "
                     "<code>kiln eval RUN --metric fd,kid,precision,recall</code> judges its "
                     "samples by what a network sees in them.</p>\n"
                   : "");
}

// Previews of the training, oldest first: samples/step-00000200.png and .svg.
std::vector<fs::path> previews(const Reported& run) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(fs::path(run.path) / "samples", none)) {
    const auto extension = entry.path().extension();
    if (entry.path().filename().string().starts_with("step-") &&
        (extension == ".png" || extension == ".svg"))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string step_of(const fs::path& preview) {
  const auto digits = preview.stem().string().substr(5);
  const auto first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  return digits.empty() ? "?" : digits.substr(first);
}

std::string samples(const Reported& run) {
  const auto files = previews(run);
  if (files.empty()) return "";
  const auto newest = fmt::format("Samples at step {}", step_of(files.back()));
  auto html = "<h3>Samples</h3>\n" + figure("picture", embedded_file(files.back(), newest), newest);
  if (files.size() < 2) return html;
  html += "<h3>Samples over training</h3>\n<div class=\"strip\">\n";
  const auto frames = std::min(kMostFrames, files.size());
  for (std::size_t i = 0; i < frames; ++i) {
    const auto& file = files[frames == 1 ? 0 : i * (files.size() - 1) / (frames - 1)];
    const auto caption = fmt::format("step {}", step_of(file));
    html += figure("frame", embedded_file(file, caption), caption);
  }
  return html + "</div>\n";
}

std::string section_of(const Reported& run) {
  const auto& entry = find_model(run.config.model);
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n<p>{} (<code>{}</code>)</p>\n", run.anchor,
                     escape_html(run.name), escape_html(entry.title), run.config.model) +
         facts(run) + figures(run) + "<h3>Learning</h3>\n" + learning_curves(run.history) +
         samples(run) + (run.measured ? run.measured->sections : "") + "<h3>Repeat it</h3>\n<pre>" +
         escape_html(repeat_command(run.config, run.name)) + "</pre>\n</section>\n";
}

}  // namespace

fs::path own_report(const fs::path& run) {
  const auto path = run / "report.html";
  drop_link(path);
  return path;
}

void write_report(const fs::path& out, const std::vector<std::string>& runs,
                  const ReportOptions& options, const Hooks& hooks) {
  std::vector<Reported> reported;
  for (const auto& run : runs) reported.push_back(gather(run, reported.size() + 1, options, hooks));
  const auto title = reported.size() == 1 ? reported.front().name
                                          : fmt::format("{} runs compared", reported.size());
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"faint\">A report of Kiln {}</p>\n",
                                 escape_html(title), version());
  if (reported.size() > 1) body += "<section>\n" + comparison(reported) + "</section>\n";
  for (const auto& run : reported) body += section_of(run);
  make_folder_of(out);
  write_file_atomically(out, page("Kiln: " + title, body));
}

}  // namespace kiln::report
