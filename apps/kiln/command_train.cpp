#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/kiln/model_table.h"
#include "apps/kiln/model_word.h"
#include "apps/kiln/program.h"
#include "apps/kiln/training_request.h"
#include "kiln/core/text.h"
#include "kiln/train/run_config.h"

namespace kiln::program {
namespace {

// A line that a shell would read as these words.
std::string typed(std::string line, const std::vector<std::string>& words) {
  for (const auto& word : words) line += " " + shell_word(word);
  return line;
}

// The models that have an option of this name, "--latent" or "--latent=5".
std::vector<std::string> models_with(const std::string& flag) {
  auto name = flag.substr(0, flag.find('='));
  std::replace(name.begin(), name.end(), '_', '-');
  std::vector<std::string> models;
  for (const auto& entry : model_table())
    for (const auto& field : entry.fields)
      if (!field.from_data && flag_of(field.name) == name) models.push_back(entry.name);
  return models;
}

// What other programs call options of ours.
std::string as_elsewhere(const std::string& flag, const std::vector<std::string>& known) {
  static const std::map<std::string, std::string> ours{
      {"--lr", "--learning-rate"}, {"--batch-size", "--batch"}, {"--latent-dim", "--latent"}};
  const auto found = ours.find(flag.substr(0, flag.find('=')));
  if (found == ours.end()) return "";
  const auto is_known = std::find(known.begin(), known.end(), found->second) != known.end();
  return !is_known ? "" : fmt::format("; did you mean '{}'?", found->second);
}

// Unknown options of `train`: the model's and the trainer's names are offered.
void explain_extras(const CLI::App& command) {
  const auto extras = command.remaining();
  if (extras.empty()) return;
  if (!extras.front().starts_with('-'))
    throw ConfigError("train", one_too_many(extras.front(), "train"));
  if (const auto others = models_with(extras.front()); !others.empty())
    throw ConfigError("train",
                      fmt::format("the model has no option {}; leave it out, it is one of {}",
                                  extras.front(), join(others, ", ")));
  std::vector<std::string> known;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames())
      if (name.find('_') == std::string::npos) known.push_back("--" + name);
  auto hint = as_elsewhere(extras.front(), known);
  if (hint.empty()) hint = did_you_mean(extras.front(), known);
  throw ConfigError("train", fmt::format("no option '{}'{} Options: {}", extras.front(),
                                         hint.empty() ? "." : hint, join(known, ", ")));
}

}  // namespace

void add_train(const Program& program) {
  auto arguments = std::make_shared<TrainArguments>();
  auto* command =
      program.add("train", "train a model into a run folder",
                  "kiln train nade --data digits --hidden 200 --epochs 5 --out runs/nade");
  command->add_option("MODEL", arguments->model,
                      "a model's name; `kiln models` lists them [the one of --config]");
  command->add_option("--data", arguments->data, "data source; `kiln data` lists them");
  command->add_option("--data-b", arguments->data_b,
                      "second source, of models that learn from two kinds of pictures");
  command->add_option("--encoder", arguments->encoder,
                      "run whose encoder gives each item its code, for --condition code");
  command->add_option("--valid", arguments->valid,
                      "validation source, instead of the source's own or a held-out part");
  command->add_option("--out", arguments->out, "run folder to make [runs/MODEL]");
  command->add_option("--config", arguments->config,
                      "TOML file with sections run, data, model, train; flags win over it");
  command->add_option("--device", arguments->device, "cpu, cuda or cuda:N [cpu]");
  command->add_flag("--skip-bad", arguments->skip_bad, "leave broken items out and count them");
  add_option_flags(command, describe<TrainOptions>(), arguments->train_options,
                   "Training, where the model's recipe (kiln models MODEL) says nothing else");
  const auto& words = program.arguments;
  const bool trains = !words.empty() && words[0] == "train";
  arguments->command = typed("kiln", words);
  const auto model = trains ? named_model(*command, {words.begin() + 1, words.end()}) : "";
  for (const auto& entry : model_table())
    if (entry.name == model)
      add_option_flags(command, entry.fields, arguments->model_options, "Model: " + entry.name);
  program.on_run(
      command,
      [command, arguments, model, &console = program.console] {
        if (arguments->model.empty()) arguments->model = model;
        if (arguments->model.empty() && !arguments->config.empty())
          read_config_file(arguments->config);  // says what is wrong with it
        if (arguments->model.empty())
          throw ConfigError("train", "needs a MODEL; `kiln models` lists them");
        explain_extras(*command);
        refuse_idle(arguments->train_options, arguments->valid, find_model_info(arguments->model));
        merge_config_file(*arguments);
        if (arguments->out.empty()) arguments->out = "runs/" + arguments->model;
        check_training(*arguments);
        arguments->interruption = &take_signals();
        return actions().train(*arguments, console);
      },
      true);
}

}  // namespace kiln::program
