#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/data/source.h"
#include "kiln/registry/load_run.h"
#include "kiln/registry/models.h"

namespace kiln::program {

/// Where a command writes: results on standard output, notes on standard error.
struct Console {
  bool json = false;
  bool quiet = false;

  void note(const std::string& line) const;  ///< Standard error, unless --quiet.
  void warn(const std::string& line) const;  ///< Standard error, always.
  void result(const std::string& text,
              const nlohmann::json& object) const;  ///< One of the two, on standard output.
};

/// A subcommand: `run` is called after parsing and returns the exit code.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
  bool takes_extras = false;  ///< It explains unknown options itself.
};

/// Everything that a command needs to register itself.
struct Program {
  CLI::App& app;
  Console& console;
  std::vector<Command>& commands;
  std::vector<std::string> arguments;  ///< argv without the program's name.

  /// Adds a subcommand with --json, --quiet and --help; `example` ends its help.
  CLI::App* add(const std::string& name, const std::string& help, const std::string& example) const;
  void on_run(CLI::App* command, std::function<int()> run, bool takes_extras = false) const;
};

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
void add_models(const Program& program);
void add_data(const Program& program);
void add_doctor(const Program& program);
void add_theory(const Program& program);
void add_check(const Program& program);

/// `learning_rate` as a flag: "--learning-rate".
std::string flag_of(const std::string& name);

/// Flags for every field that is not filled from the data; what the user sets lands in `values`.
void add_option_flags(CLI::App* command, const std::vector<FieldInfo>& fields, OptionMap& values,
                      const std::string& group);

/// The options shared by every command that reads a run.
struct RunArguments {
  std::string run;
  std::string checkpoint = "best";
  std::string device = "cpu";
  std::int64_t seed = 1;
};
void add_run_arguments(CLI::App* command, RunArguments& arguments);

/// Throws ConfigError for a device that this machine lacks.
torch::Device parse_device(const std::string& text);

/// Loads the run and prints its warnings.
LoadedRun load(const RunArguments& arguments, const Console& console);

/// The data that a command judges a run by: `--data SPEC` (every row) or a part of the run's own
/// source.
struct JudgedData {
  DatasetPtr data;
  Transform transform;
  std::string name;  ///< "SPEC" or "SPEC (test)".
};
/// `keys` are set in the SPEC before it is opened: {{"label", "colour"}}.
JudgedData judged_data(const LoadedRun& run, const std::string& spec, const std::string& split,
                       const std::map<std::string, std::string>& keys = {});

/// Whether a source has a test part of its own; `spec` empty: the run's own source.
bool has_test_part(const LoadedRun& run, const std::string& spec);

/// True after the first Ctrl-C or SIGTERM.
void watch_signals();
bool interrupted();

}  // namespace kiln::program
