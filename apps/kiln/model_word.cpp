#include "apps/kiln/model_word.h"

#include <algorithm>

#include "apps/kiln/model_table.h"
#include "apps/kiln/program.h"
#include "kiln/train/run_config.h"

namespace kiln::program {
namespace {

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

}  // namespace kiln::program
