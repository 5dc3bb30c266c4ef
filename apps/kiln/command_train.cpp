#include <fmt/format.h>

#include <algorithm>

#include "apps/kiln/device_name.h"
#include "apps/kiln/model_table.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {
namespace {

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
  for (const auto& field : find_model_info(arguments.model).fields)
    if (field.from_data) file.model.erase(field.name);  // the data says these
  arguments.model_options.merge(file.model);
  arguments.train_options.merge(file.train);
}

// What can be refused of a training before its data are opened.
void check_training(const TrainArguments& arguments) {
  if (arguments.data.empty())
    throw ConfigError("train", "needs --data SPEC; `kiln data` lists the sources");
  check_data(arguments.data);
  check_data(arguments.valid);
  cuda_index(arguments.device);
  const auto& info = find_model_info(arguments.model);
  for (const auto& field : info.fields)
    if (const auto given = arguments.model_options.find(field.name);
        given != arguments.model_options.end())
      check_option_text(info.name, field, given->second);
  TrainOptions options;
  assign("train", options, arguments.train_options);
  RunFolder::refuse_taken(arguments.out);
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
  for (const auto& entry : model_table())
    if (program.arguments.size() > 1 && program.arguments[0] == "train" &&
        std::find(program.arguments.begin(), program.arguments.end(), entry.name) !=
            program.arguments.end()) {
      add_option_flags(command, entry.fields, arguments->model_options, "Model: " + entry.name);
      break;
    }
  program.on_run(
      command,
      [command, arguments, &console = program.console] {
        find_model_info(arguments->model);
        explain_extras(*command);
        merge_config_file(*arguments);
        if (arguments->out.empty()) arguments->out = "runs/" + arguments->model;
        check_training(*arguments);
        return actions().train(*arguments, console);
      },
      true);
}

}  // namespace kiln::program
