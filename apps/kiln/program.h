#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/kiln/actions.h"
#include "apps/kiln/requests.h"
#include "kiln/core/options.h"

namespace kiln::program {

/// A subcommand: `run` is called after parsing and returns the exit code.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
  bool takes_extras = false;  ///< It explains unknown options itself.
};

/// Throws IoError where the folder of a command's --out is not there and cannot be made: before
/// anything is worked out.
void check_out(const CLI::App& command);

/// Everything that a command needs to register itself.
struct Program {
  CLI::App& app;
  Console& console;
  std::vector<Command>& commands;
  std::vector<std::string> arguments;  ///< argv without the program's name.

  /// Adds a subcommand with --json, --quiet and --help; `example` ends its help.
  CLI::App* add(const std::string& name, const std::string& help, const std::string& example) const;
  void on_run(CLI::App* command, std::function<int()> run, bool takes_extras = false) const;
  /// Runs an action on what the flags filled in, after everything that can be refused without it:
  /// `check` throws for what is wrong with the flags alone, and may fill in what they stand for;
  /// `needed` are the capabilities that the run's model must have.
  template <class Arguments>
  void on_run(CLI::App* command, int (*Actions::*action)(const Arguments&, const Console&),
              std::shared_ptr<Arguments> asked, void (*check)(Arguments&),
              std::vector<std::string> needed = {}) const {
    on_run(command,
           [command, action, asked, check, needed = std::move(needed), &console = console] {
             check(*asked);
             check_out(*command);
             check_request(*asked, needed);
             return (actions().*action)(*asked, console);
           });
  }
};

/// What is said of a word that a command does not take.
std::string one_too_many(const std::string& word, const std::string& command);

/// Throws ConfigError for words of a command that it does not know.
void refuse_extras(const CLI::App& command);

// One function per file command_NAME.cpp.
void add_train(const Program& program);
void add_resume(const Program& program);
void add_sample(const Program& program);
void add_eval(const Program& program);
void add_score(const Program& program);
void add_reconstruct(const Program& program);
void add_complete(const Program& program);
void add_interpolate(const Program& program);
void add_encode(const Program& program);
void add_decode(const Program& program);
void add_manifold(const Program& program);
void add_traverse(const Program& program);
void add_arithmetic(const Program& program);
void add_probe(const Program& program);
void add_neighbours(const Program& program);
void add_film(const Program& program);
void add_report(const Program& program);
void add_translate(const Program& program);
void add_models(const Program& program);
void add_data(const Program& program);
void add_data_get(const Program& program);  ///< Under data.
void add_doctor(const Program& program);
void add_theory(const Program& program);
void add_check(const Program& program);
void add_completion(const Program& program);

/// A result's text ends without its newline: the console adds it.
std::string without_last_newline(std::string text);

/// Whether a word is an option of the command that takes the next word as its value.
bool takes_value(const CLI::App& command, const std::string& word);

/// Flags for every field that is not filled from the data; what the user sets lands in `values`.
void add_option_flags(CLI::App* command, const std::vector<FieldInfo>& fields, OptionMap& values,
                      const std::string& group);

void add_run_arguments(CLI::App* command, RunArguments& arguments);

/// --data and --split, which say what a run is judged by.
void add_judged_data(CLI::App* command, std::string& data, std::string& split,
                     const std::string& help = "data source, every row [the run's own source]");

}  // namespace kiln::program
