#include "apps/kiln/candidates.h"

#include <algorithm>
#include <utility>

#include "apps/kiln/fetch/published_sets.h"
#include "apps/kiln/metric_names.h"
#include "apps/kiln/model_table.h"
#include "apps/kiln/model_word.h"
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

Candidates set_names() {
  Candidates list;
  for (const auto& set : published_sets()) list.push_back({set.name, set.holds});
  return list;
}

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (command->get_name() == name) return command;
  return nullptr;
}

// The options of the model that a line names, beside those of every training.
std::vector<FieldInfo> training_fields(const CLI::App& command,
                                       const std::vector<std::string>& words) {
  auto fields = describe<TrainOptions>();
  const auto named = named_model(command, words);
  for (const auto& model : model_table())
    if (model.name == named) fields.insert(fields.end(), model.fields.begin(), model.fields.end());
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
    for (const auto& field : training_fields(command, words))
      if (!field.from_data) add(flag_of(field.name), field.help);
  return list;
}

// information_PART stands for names that only a model's weights tell.
std::vector<std::string> whole_names(std::vector<std::string> metrics) {
  std::erase(metrics, "information_PART");
  return metrics;
}

// What an option may be set to, by its long name.
Candidates values_of(const CLI::App& command, const std::string& option,
                     const std::vector<std::string>& words) {
  if (command.get_parent()->get_name() == "theory") return {};
  if (option == "--split" && command.get_name() == "probe") return words_of({"valid", "test"});
  const std::pair<const char*, std::vector<std::string>> known[] = {
      {"--split", {"train", "valid", "test"}},
      {"--device", {"cpu", "cuda"}},
      {"--checkpoint", {"best", "last"}},
      {"--known", {"top-half", "bottom-half", "left-half", "right-half", "centre"}},
      {"--between", {"prior", "data"}},
      {"--path", {"slerp", "lerp"}},
      {"--complexity", {"png"}},
      {"--metric", whole_names(metric_names())}};
  for (const auto& [name, values] : known)
    if (option == name) return words_of(values);
  if (option == "--data" || option == "--valid" || option == "--ood") return source_names();
  if (command.get_name() == "train")
    for (const auto& field : training_fields(command, words))
      if (option == flag_of(field.name)) return words_of(field.choices);
  return {};
}

// Whether a word takes the next one, also where it is an option of the model that the line names.
bool takes_value_of(const CLI::App& command, const std::string& word,
                    const std::vector<std::string>& words) {
  if (command.get_name() == "train")
    for (const auto& field : training_fields(command, words))
      if (word == flag_of(field.name)) return field.type != "switch";
  return takes_value(command, word);
}

Candidates first_positional(const CLI::App& command) {
  const auto name = command.get_name();
  if (name == "train" || name == "models") return model_names();
  if (name == "data") return source_names();
  if (name == "get") return set_names();
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
  const auto last = words.empty() ? std::string() : words.back();
  if (words.size() < 2) return last.starts_with("-") ? options_of(app, words) : commands_of(app);
  const auto* command = command_named(app, words.front());
  if (!command) return {};
  const std::vector<std::string> after(words.begin() + 1, words.end());
  const auto below = commands_of(*command);
  const bool goes_below = after.size() > 1 && command_named(*command, after.front());
  if (goes_below || (!below.empty() && first_positional(*command).empty()))
    return candidates(*command, after);
  if (after.size() > 1 && takes_value_of(*command, after[after.size() - 2], after))
    return values_of(*command, after[after.size() - 2], after);
  if (const auto equals = last.find('='); last.starts_with("--") && equals != std::string::npos)
    return values_of(*command, last.substr(0, equals), after);
  if (last.starts_with("-")) return options_of(*command, after);
  if (positionals(*command, after) > 0) return {};
  auto first = first_positional(*command);
  first.insert(first.end(), below.begin(), below.end());
  return first;
}

}  // namespace kiln::program
