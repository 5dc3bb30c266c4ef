#include "apps/kiln/candidates.h"

#include <algorithm>
#include <utility>

#include "apps/kiln/metric_names.h"
#include "apps/kiln/model_table.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/data/source.h"
#include "kiln/train/train_options.h"

namespace kiln::program {
namespace {

using Candidates = std::vector<Candidate>;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Candidates words_of(const std::vector<std::string>& words) {
  Candidates list;
  for (const auto& word : words) list.push_back({word});
  return list;
}

Candidates commands_of(const CLI::App& app) {
  Candidates list;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    list.push_back({command->get_name(), first_line(command->get_description())});
  return list;
}

Candidates model_names() {
  Candidates list;
  for (const auto& model : model_table()) list.push_back({model.name, model.title});
  return list;
}

Candidates source_names() {
  Candidates list;
  for (const auto& kind : source_kinds()) list.push_back({kind.name, kind.help});
  return list;
}

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (command->get_name() == name) return command;
  return nullptr;
}

// The options of the model that a line names, beside those of every training.
std::vector<FieldInfo> training_fields(const std::vector<std::string>& words) {
  auto fields = describe<TrainOptions>();
  for (const auto& model : model_table())
    if (std::find(words.begin(), words.end(), model.name) != words.end())
      fields.insert(fields.end(), model.fields.begin(), model.fields.end());
  return fields;
}

Candidates options_of(const CLI::App& command, const std::vector<std::string>& words) {
  Candidates list;
  const auto add = [&](const std::string& flag, const std::string& help) {
    const bool there = std::any_of(list.begin(), list.end(),
                                   [&](const Candidate& known) { return known.word == flag; });
    if (!there) list.push_back({flag, first_line(help)});
  };
  for (const auto* option : command.get_options())
    if (const auto& names = option->get_lnames(); !names.empty())
      add("--" + names.front(), option->get_description());
  if (command.get_name() == "train")
    for (const auto& field : training_fields(words))
      if (!field.from_data) add(flag_of(field.name), field.help);
  return list;
}

// What an option may be set to, by its long name.
Candidates values_of(const CLI::App& command, const std::string& option,
                     const std::vector<std::string>& words) {
  const std::pair<const char*, std::vector<std::string>> known[] = {
      {"--split", {"train", "valid", "test"}},
      {"--device", {"cpu", "cuda"}},
      {"--checkpoint", {"best", "last"}},
      {"--known", {"top-half", "bottom-half", "left-half", "right-half", "centre"}},
      {"--between", {"prior", "data"}},
      {"--path", {"slerp", "lerp"}},
      {"--complexity", {"png"}},
      {"--metric", metric_names()}};
  for (const auto& [name, values] : known)
    if (option == name) return words_of(values);
  if (option == "--data" || option == "--valid" || option == "--ood") return source_names();
  if (command.get_name() == "train")
    for (const auto& field : training_fields(words))
      if (option == flag_of(field.name)) return words_of(field.choices);
  return {};
}

// The same where the line names a model, whose options are not the command's own.
bool takes_value_of(const CLI::App& command, const std::string& word,
                    const std::vector<std::string>& words) {
  if (command.get_name() == "train")
    for (const auto& field : training_fields(words))
      if (word == flag_of(field.name)) return field.type != "switch";
  return takes_value(command, word);
}

Candidates first_positional(const CLI::App& command) {
  const auto name = command.get_name();
  if (name == "train" || name == "models") return model_names();
  if (name == "data") return source_names();
  if (name == "completion") return words_of({"bash", "zsh", "fish"});
  return {};
}

// Words that are neither options nor their values, without the last, which is being typed.
std::size_t positionals(const CLI::App& command, const std::vector<std::string>& words) {
  std::size_t count = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (takes_value_of(command, words[i], words))
      ++i;
    else if (!words[i].starts_with("-"))
      ++count;
  return count;
}

}  // namespace

std::vector<Candidate> candidates(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.size() < 2) return commands_of(app);
  const auto* command = command_named(app, words.front());
  if (!command) return {};
  const std::vector<std::string> after(words.begin() + 1, words.end());
  if (!commands_of(*command).empty()) return candidates(*command, after);
  if (after.size() > 1 && takes_value_of(*command, after[after.size() - 2], after))
    return values_of(*command, after[after.size() - 2], after);
  if (after.back().starts_with("-")) return options_of(*command, after);
  return positionals(*command, after) == 0 ? first_positional(*command) : Candidates{};
}

}  // namespace kiln::program
