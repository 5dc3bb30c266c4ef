#include <fmt/format.h>

#include "apps/kiln/program.h"
#include "apps/kiln/progress.h"
#include "apps/kiln/report.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/registry/session.h"

namespace kiln::program {
namespace {

constexpr int kInterrupted = 130;

SessionHooks hooks_for(const Console& console, Progress& progress) {
  return {.note =
              [&](const std::string& line) {
                progress.clear();
                console.note(line);
              },
          .progress = [&](std::int64_t step, std::int64_t steps,
                          double loss) { progress.update(step, steps, loss); },
          .interrupted = interrupted};
}

// The page of a run shows what training left behind; a full disk must not hide how training ended.
void write_own_report(const std::string& run, const Console& console) {
  try {
    write_report(std::filesystem::path(run) / "report.html", {run}, {.measure = false}, console);
  } catch (const IoError& error) {
    console.warn(fmt::format("warning: no report: {}", error.what()));
  }
}

int run_session(Session& session, const Console& console, Progress& progress) {
  const auto path = session.folder().path().string();
  TrainEnd end{};
  try {
    end = session.run();
  } catch (const NumericError& error) {
    const auto steps = session.folder().checkpoint_steps();
    const auto good = steps.empty() ? std::string("none")
                                    : session.folder().checkpoint_path(steps.back()).string();
    throw NumericError("train",
                       fmt::format("{}; the last good checkpoint is {}", error.what(), good),
                       error.step());
  }
  progress.clear();
  write_own_report(path, console);
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

struct TrainArguments {
  std::string model, data, valid, out, config, device = "cpu";
  bool skip_bad = false;
  OptionMap model_options, train_options;
};

// What the command line leaves open, the file decides.
void merge_config_file(TrainArguments& arguments) {
  if (arguments.config.empty()) return;
  auto file = read_config_file(arguments.config);
  if (arguments.data.empty()) arguments.data = file.data["train"];
  if (arguments.valid.empty()) arguments.valid = file.data["valid"];
  if (file.data["skip_bad"] == "true") arguments.skip_bad = true;
  if (const auto named = file.run.find("model");
      named != file.run.end() && named->second != arguments.model)
    throw ConfigError(arguments.config,
                      fmt::format("is for model '{}', not '{}'", named->second, arguments.model));
  for (const auto& field : find_model(arguments.model).fields)
    if (field.from_data) file.model.erase(field.name);  // the data says these
  arguments.model_options.merge(file.model);
  arguments.train_options.merge(file.train);
}

int train(TrainArguments& arguments, const Console& console) {
  find_model(arguments.model);
  merge_config_file(arguments);
  if (arguments.data.empty())
    throw ConfigError("train", "needs --data SPEC; `kiln data` lists the sources");
  TrainRequest request{.model = arguments.model,
                       .model_options = arguments.model_options,
                       .data = arguments.data,
                       .valid = arguments.valid,
                       .skip_bad = arguments.skip_bad,
                       .train = {},
                       .out = arguments.out.empty() ? "runs/" + arguments.model : arguments.out,
                       .device = parse_device(arguments.device)};
  assign("train", request.train, arguments.train_options);
  start_up(static_cast<int>(request.train.threads));
  request.train.threads = threads();  // a resumed run uses the same number, for the same bits
  watch_signals();
  Progress progress(!console.quiet);
  auto session = Session::start(request, hooks_for(console, progress));
  return run_session(session, console, progress);
}

// Unknown options of `train`: the model's and the trainer's names are offered.
void explain_extras(const CLI::App& command) {
  const auto extras = command.remaining();
  if (extras.empty()) return;
  std::vector<std::string> known;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames())
      if (name.find('_') == std::string::npos) known.push_back("--" + name);
  const auto hint = did_you_mean(extras.front(), known);
  throw ConfigError("train", fmt::format("no option '{}'{} Options: {}", extras.front(),
                                         hint.empty() ? "." : hint, join(known, ", ")));
}

}  // namespace

void add_train(const Program& program) {
  auto arguments = std::make_shared<TrainArguments>();
  auto* command =
      program.add("train", "train a model into a run folder",
                  "kiln train nade --data digits --hidden 200 --epochs 5 --out runs/nade");
  command->add_option("MODEL", arguments->model, "a model's name; `kiln models` lists them")
      ->required();
  command->add_option("--data", arguments->data, "data source; `kiln data` lists them");
  command->add_option("--valid", arguments->valid,
                      "validation source, instead of the source's own or a held-out part");
  command->add_option("--out", arguments->out, "run folder to make [runs/MODEL]");
  command->add_option("--config", arguments->config,
                      "TOML file with sections run, data, model, train; flags win over it");
  command->add_option("--device", arguments->device, "cpu, cuda or cuda:N [cpu]");
  command->add_flag("--skip-bad", arguments->skip_bad, "leave broken items out and count them");
  add_option_flags(command, describe<TrainOptions>(), arguments->train_options, "Training");
  for (const auto& entry : models())
    if (program.arguments.size() > 1 && program.arguments[0] == "train" &&
        std::find(program.arguments.begin(), program.arguments.end(), entry.name) !=
            program.arguments.end()) {
      add_option_flags(command, entry.fields, arguments->model_options, "Model: " + entry.name);
      break;
    }
  program.on_run(
      command,
      [command, arguments, &console = program.console] {
        find_model(arguments->model);
        explain_extras(*command);
        return train(*arguments, console);
      },
      true);
}

namespace {

struct ResumeArguments {
  std::string run, device = "cpu";
  std::optional<std::int64_t> steps;
};

// "--learning-rate=1" or "--learning-rate" "1", as an option's name and value; a switch needs no
// value.
std::pair<std::string, std::string> take_setting(const std::vector<std::string>& extras,
                                                 std::size_t& i) {
  auto name = extras[i].substr(std::min(extras[i].find_first_not_of('-'), extras[i].size()));
  const auto equals = name.find('=');
  std::string value = "true";
  if (equals != std::string::npos)
    value = name.substr(equals + 1);
  else if (i + 1 < extras.size() && !extras[i + 1].starts_with("--"))
    value = extras[++i];
  name = name.substr(0, equals);
  std::replace(name.begin(), name.end(), '-', '_');
  return {name, value};
}

// A run keeps its options; whoever asks for others is shown the difference.
void refuse_changes(const std::string& run, const std::vector<std::string>& extras) {
  if (extras.empty()) return;
  const auto config = RunFolder::open(run).config();
  auto stored = to_map(config.train);
  stored.insert(config.model_options.begin(), config.model_options.end());
  std::vector<std::string> known, differences;
  for (const auto& [name, value] : stored) known.push_back(flag_of(name));
  for (std::size_t i = 0; i < extras.size(); ++i) {
    const auto& given = extras[i];
    const auto [name, value] = take_setting(extras, i);
    const auto found = stored.find(name);
    if (found == stored.end()) {
      const auto hint = did_you_mean(given, known);
      throw ConfigError("resume", fmt::format("no option '{}'{} A run goes on with its own options",
                                              given, hint.empty() ? "." : hint));
    }
    if (found->second != value)
      differences.push_back(fmt::format("{} is {}, not {}", name, found->second, value));
  }
  if (!differences.empty())
    throw ConfigError(
        "resume",
        fmt::format("a run goes on with its own options: {}; leave them out, or train a new run",
                    join(differences, "; ")));
}

int resume(const ResumeArguments& arguments, const Console& console) {
  const auto stored = RunFolder::open(arguments.run).config();
  start_up(static_cast<int>(stored.train.threads));
  watch_signals();
  Progress progress(!console.quiet);
  auto session = Session::resume(arguments.run, arguments.steps, parse_device(arguments.device),
                                 hooks_for(console, progress));
  return run_session(session, console, progress);
}

}  // namespace

void add_resume(const Program& program) {
  auto arguments = std::make_shared<ResumeArguments>();
  auto* command =
      program.add("resume", "continue a run exactly where its newest good checkpoint stands",
                  "kiln resume runs/nade");
  command->add_option("RUN", arguments->run, "run folder")->required();
  command->add_option("--steps", arguments->steps, "train to this step instead")
      ->check(CLI::PositiveNumber);
  command->add_option("--device", arguments->device, "cpu, cuda or cuda:N [cpu]");
  program.on_run(
      command,
      [command, arguments, &console = program.console] {
        refuse_changes(arguments->run, command->remaining());
        return resume(*arguments, console);
      },
      true);
}

}  // namespace kiln::program
