#include <fmt/format.h>

#include "apps/kiln/actions/progress.h"
#include "apps/kiln/actions/run_access.h"
#include "kiln/core/error_text.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/runs/session.h"
#include "kiln/use/report_page.h"

namespace kiln::program {
namespace {

constexpr int kInterrupted = 130;

Hooks hooks_for(const Console& console, Progress& progress, Interruption& interruption) {
  auto hooks = hooks_of(console, progress);
  hooks.interrupted = [&interruption] { return interruption.asked.load(); };
  return hooks;
}

// The page of a run shows what training left behind; a full disk must not hide how training ended.
void write_own_report(const std::string& run, const Console& console, const Hooks& hooks) {
  try {
    report::write_report(report::own_report(run), {run}, {.measure = false}, hooks);
  } catch (const IoError& error) {
    console.warn(fmt::format("warning: no report: {}", error.what()));
  }
}

int run_session(Session& session, const Console& console, Progress& progress,
                Interruption& interruption) {
  interruption.at_once = false;
  const auto path = session.folder().path().string();
  TrainEnd end{};
  try {
    end = session.run();
  } catch (const NumericError& error) {
    const auto steps = session.folder().checkpoint_steps();
    const auto good = steps.empty() ? std::string("none")
                                    : session.folder().checkpoint_path(steps.back()).string();
    throw NumericError(
        "train", fmt::format("{}; the last good checkpoint is {}", without_tag(error.what()), good),
        error.step());
  }
  progress.clear();
  write_own_report(path, console, hooks_of(console, progress));
  const auto& trainer = session.trainer();
  const char* ends[] = {"finished", "stopped early", "interrupted"};
  const auto* how = ends[static_cast<int>(end)];
  nlohmann::json result{{"run", path}, {"step", trainer.step()}, {"end", how}};
  auto text = fmt::format("{} at step {}: {}", how, trainer.step(), path);
  if (trainer.best()) {
    const double best = rises(session.metric()) ? -*trainer.best() : *trainer.best();
    result["best"] = {{"step", trainer.best_step()}, {session.metric(), best}};
    text += fmt::format("\nbest validation {}: {:.3f} {} at step {}", session.metric(), best,
                        metric_unit(session.metric()), trainer.best_step());
  }
  if (end == TrainEnd::interrupted) text += fmt::format("\ncontinue with: kiln resume {}", path);
  console.result(text, result);
  return end == TrainEnd::interrupted ? kInterrupted : 0;
}

}  // namespace

int train(const TrainArguments& arguments, const Console& console) {
  TrainRequest request{.model = arguments.model,
                       .model_options = arguments.model_options,
                       .data = arguments.data,
                       .data_b = arguments.data_b,
                       .encoder = arguments.encoder,
                       .valid = arguments.valid,
                       .skip_bad = arguments.skip_bad,
                       .train_options = arguments.train_options,
                       .out = arguments.out,
                       .device = parse_device(arguments.device),
                       .command = arguments.command};
  TrainOptions options;
  assign("train", options, arguments.train_options);
  start_up(static_cast<int>(options.threads));
  // A resumed run uses the same number, for the same bits.
  request.train_options["threads"] = std::to_string(threads());
  Progress progress(!console.quiet);
  auto session = Session::start(request, hooks_for(console, progress, *arguments.interruption));
  return run_session(session, console, progress, *arguments.interruption);
}

int resume(const ResumeArguments& arguments, const Console& console) {
  const auto stored = RunFolder::open(arguments.run).config();
  start_up(static_cast<int>(stored.train.threads));
  Progress progress(!console.quiet);
  auto session = Session::resume(arguments.run, arguments.steps, parse_device(arguments.device),
                                 hooks_for(console, progress, *arguments.interruption));
  return run_session(session, console, progress, *arguments.interruption);
}

}  // namespace kiln::program
