#include <fmt/format.h>

#include <algorithm>

#include "apps/kiln/device_name.h"
#include "apps/kiln/model_table.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {
namespace {

// An unknown name or an unreadable value of a file is the file's fault.
void check_section(const std::string& file, const char* section, const OptionMap& values,
                   const std::vector<FieldInfo>& fields) {
  std::vector<std::string> known;
  for (const auto& field : fields) known.push_back(field.name);
  for (const auto& [name, value] : values) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&name = name](const auto& f) { return f.name == name; });
    try {
      if (field == fields.end()) option_detail::unknown_option(section, name, known);
      check_option_text(section, *field, value);
    } catch (const ConfigError& error) {
      throw IoError(file, error.what());
    }
  }
}

// What the command line leaves open, the file decides.  Whoever asks for epochs does not want the
// steps that a run's own file holds.
void merge_config_file(TrainArguments& arguments) {
  if (arguments.config.empty()) return;
  auto file = read_config_file(arguments.config);
  check_section(arguments.config, "train", file.train, describe<TrainOptions>());
  check_section(arguments.config, "model", file.model, find_model_info(arguments.model).fields);
  if (arguments.train_options.contains("epochs")) file.train.erase("steps");
  if (arguments.data.empty()) arguments.data = file.data["train"];
  if (arguments.data_b.empty()) arguments.data_b = file.data["b"];
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

// Options that would do nothing.  A file may hold them: a run's own holds them all.
void refuse_idle(const OptionMap& given, const std::string& valid) {
  const auto value = [&](const char* name) {
    const auto found = given.find(name);
    return found == given.end() ? std::string() : found->second;
  };
  const auto refuse = [](const char* name, const std::string& why) {
    throw ConfigError(std::string("train.") + name, why);
  };
  if (given.contains("epochs") && given.contains("steps") && value("steps") != "0")
    refuse("epochs", "--steps says how long to train; leave one of them out");
  if (given.contains("validation_fraction") && !valid.empty())
    refuse("validation_fraction", "--valid says what to validate on; leave one of them out");
  for (const auto* name : {"step_every", "step_factor"})
    if (given.contains(name) && value("schedule") != "step")
      refuse(name, "belongs to --schedule step");
  if (given.contains("hold") && value("schedule") != "linear" && value("schedule") != "cosine")
    refuse("hold", "belongs to --schedule linear or cosine");
  if (given.contains("momentum") && value("optimizer") != "sgd")
    refuse("momentum", "belongs to --optimizer sgd");
  if (given.contains("beta1") && (value("optimizer") == "sgd" || value("optimizer") == "rmsprop"))
    refuse("beta1", "belongs to Adam");
  if (given.contains("beta2") && value("optimizer") == "sgd")
    refuse("beta2", "belongs to Adam and RMSprop");
}

// What can be refused of a training before its data are opened.
void check_training(const TrainArguments& arguments) {
  if (arguments.data.empty())
    throw ConfigError("train", "needs --data SPEC; `kiln data` lists the sources");
  check_data(arguments.data);
  check_data(arguments.data_b);
  check_data(arguments.valid);
  cuda_index(arguments.device);
  const auto& info = find_model_info(arguments.model);
  check_sources(info, arguments.data_b);
  for (const auto& field : info.fields)
    if (const auto given = arguments.model_options.find(field.name);
        given != arguments.model_options.end())
      check_option_text(info.name, field, given->second);
  TrainOptions options;
  assign("train", options, arguments.train_options);
  RunFolder::refuse_taken(arguments.out);
}

// The model of the file that --config names; nothing where there is none, or it cannot be read yet.
std::string model_of_config(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool joined = words[i].starts_with("--config=");
    if (!joined && (words[i] != "--config" || i + 1 == words.size())) continue;
    try {
      return read_config_file(joined ? words[i].substr(9) : words[i + 1]).run["model"];
    } catch (const Error&) {
      return "";  // said when the command runs
    }
  }
  return "";
}

bool is_model(const std::string& word) {
  const auto& table = model_table();
  return std::any_of(table.begin(), table.end(),
                     [&](const ModelInfo& entry) { return entry.name == word; });
}

// A line that a shell would read as these words.
std::string typed(std::string line, const std::vector<std::string>& words) {
  for (const auto& word : words) line += " " + shell_word(word);
  return line;
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

// A word after an option that nobody knows yet may be that option's value, or the model where no
// other word is.
std::string named_model(const CLI::App& command, const std::vector<std::string>& words) {
  std::string perhaps;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (takes_value(command, words[i])) {
      ++i;
    } else if (is_model(words[i])) {
      const auto before = i > 0 ? words[i - 1] : std::string();
      const bool after_unknown = before.starts_with("--") &&
                                 before.find('=') == std::string::npos &&
                                 !command.get_option_no_throw(before);
      if (!after_unknown) return words[i];
      if (perhaps.empty()) perhaps = words[i];
    }
  }
  return perhaps.empty() ? model_of_config(words) : perhaps;
}

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
        find_model_info(arguments->model);
        explain_extras(*command);
        refuse_idle(arguments->train_options, arguments->valid);
        merge_config_file(*arguments);
        if (arguments->out.empty()) arguments->out = "runs/" + arguments->model;
        check_training(*arguments);
        arguments->interruption = &take_signals();
        return actions().train(*arguments, console);
      },
      true);
}

}  // namespace kiln::program
