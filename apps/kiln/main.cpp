#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "apps/kiln/program.h"
#include "apps/kiln/streams.h"
#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/core/version.h"

namespace kiln::program {
namespace {

enum ExitCode { kDone = 0, kOurBug = 1, kBadRequest = 2, kBadFile = 3, kBadNumbers = 4 };

// How many of argv are Kiln's own: a line that is to be completed follows "--".
int words_to_parse(const std::vector<std::string>& arguments) {
  const bool completes = !arguments.empty() && arguments.front() == "completion";
  const auto end =
      completes ? std::find(arguments.begin(), arguments.end(), "--") : arguments.end();
  return 1 + static_cast<int>(end - arguments.begin());
}

// "theory gan" where one stands in another.
std::string whole_name(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent && parent->get_parent() ? parent->get_name() + " " + command.get_name()
                                        : command.get_name();
}

// The command that the first words name.
std::string named_command(const std::vector<Command>& commands, int argc, char** argv) {
  std::string named;
  for (int words = 1; words <= 2 && words < argc; ++words) {
    const auto candidate = named.empty() ? std::string(argv[1]) : named + " " + argv[2];
    for (const auto& command : commands)
      if (whole_name(*command.app) == candidate) named = candidate;
  }
  return named;
}

// "RUN is required" needs RUN.
std::string needed_by(const CLI::RequiredError& error) {
  const std::string what = error.what(), ending = " is required";
  return what.ends_with(ending) ? what.substr(0, what.size() - ending.size()) : what;
}

std::string hint_of(const CLI::App& app, const std::vector<Command>& commands, int argc,
                    char** argv) {
  if (!app.get_subcommands().empty() || argc < 2) return "";
  std::vector<std::string> names;
  for (const auto& command : commands)
    if (command.app->get_parent() == &app) names.push_back(command.app->get_name());
  return did_you_mean(argv[1], names);
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_switch(const CLI::App& command, const std::string& name) {
  const auto* option = command.get_option_no_throw(name);
  return option && option->get_items_expected_max() == 0;
}

// CLI11 2.3 ends with what std::stoll throws at a switch's value, 2.4 takes any word.
void check_switches(const std::vector<Command>& commands, const std::string& named,
                    const std::vector<std::string>& words) {
  const std::set<std::string> known{"true", "false", "yes", "no", "on", "off", "1", "0"};
  for (int i = 1; i < words_to_parse(words); ++i) {
    const auto& word = words[static_cast<std::size_t>(i - 1)];
    const auto name = word.substr(0, word.find('='));
    if (name.size() == word.size() || known.contains(lower_case(word.substr(name.size() + 1))))
      continue;
    for (const auto& command : commands)
      if (whole_name(*command.app) == named && is_switch(*command.app, name))
        throw ConfigError(name.substr(name.find_first_not_of('-')),
                          fmt::format("is a switch; it needs true or false, got '{}'",
                                      word.substr(name.size() + 1)));
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Kiln: deep generative models, trained, sampled and judged", "kiln"};
  const auto built_from = *commit() ? fmt::format(" ({})", commit()) : std::string();
  app.set_version_flag("--version", fmt::format("kiln {}{}", version(), built_from));
  app.require_subcommand(1);
  Console console;
  std::vector<Command> commands;
  Program program{app, console, commands, {argv + 1, argv + argc}};
  for (const auto add :
       {add_train,      add_resume,      add_sample,     add_eval,   add_score,    add_reconstruct,
        add_complete,   add_interpolate, add_encode,     add_decode, add_manifold, add_traverse,
        add_arithmetic, add_probe,       add_neighbours, add_film,   add_report,   add_translate,
        add_models,     add_data,        add_doctor,     add_theory, add_check,    add_completion})
    add(program);
  if (argc == 1 || (argc == 2 && program.arguments[0] == "help")) {
    console.result(without_last_newline(app.help()), {{"help", app.help()}});
    return kDone;
  }
  check_switches(commands, named_command(commands, argc, argv), program.arguments);
  try {
    app.parse(words_to_parse(program.arguments), argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::RequiredError& error) {
    if (const auto command = named_command(commands, argc, argv); !command.empty())
      throw ConfigError(command, fmt::format("needs {}; `kiln {} --help` shows what it takes",
                                             needed_by(error), command));
    const auto hint = hint_of(app, commands, argc, argv);
    throw ConfigError("kiln", fmt::format("no command '{}'{} `kiln help` lists them", argv[1],
                                          hint.empty() ? "." : hint));
  } catch (const CLI::ParseError& error) {
    const auto command = named_command(commands, argc, argv);
    throw ConfigError(command.empty() ? "kiln" : command,
                      error.what() + hint_of(app, commands, argc, argv));
  }
  for (const auto& command : commands)
    if (command.app->parsed()) {
      if (!command.takes_extras) refuse_extras(*command.app);
      return command.run();
    }
  return kOurBug;
}

// Names may hold line ends.
std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? std::string("\\n") : std::string(1, c);
  return line;
}

int report(const std::string& message, int code) {
  say(stderr, "kiln: " + on_one_line(printable(message)) + "\n");
  return code;
}

// LibTorch adds where in its source, and a stack.
std::string first_sentence(const std::string& what) {
  return what.substr(0, what.find("\nException raised from"));
}

constexpr const char* kNoMemory =
    "there is not enough memory; take fewer items at a time or a smaller model";

int report_other(const std::exception& error) {
  const auto what = first_sentence(error.what());
  if (what.find("can't allocate memory") != std::string::npos) return report(kNoMemory, kBadFile);
  return report(what, kOurBug);
}

// Help and lists may fill a disk, too.
int answered(int code) {
  if (code == kDone && (!std::cout.flush() || std::fflush(stdout) != 0 || std::ferror(stdout)))
    return report("the answer could not be written to standard output", kBadFile);
  return code;
}

}  // namespace
}  // namespace kiln::program

int main(int argc, char** argv) {
  using namespace kiln;
  program::keep_standard_streams();
  try {
    return program::answered(program::run(argc, argv));
  } catch (const ConfigError& error) {
    return program::report(error.what(), program::kBadRequest);
  } catch (const ShapeError& error) {
    return program::report(error.what(), program::kBadRequest);
  } catch (const IoError& error) {
    return program::report(error.what(), program::kBadFile);
  } catch (const NumericError& error) {
    return program::report(error.what(), program::kBadNumbers);
  } catch (const std::filesystem::filesystem_error& error) {
    return program::report(error.path1().string() + ": " + error.code().message(),
                           program::kBadFile);
  } catch (const std::bad_alloc&) {
    return program::report(program::kNoMemory, program::kBadFile);
  } catch (const std::exception& error) {
    return program::report_other(error);
  }
}
