#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "apps/kiln/program.h"
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

int run(int argc, char** argv) {
  CLI::App app{"Kiln: deep generative models, trained, sampled and judged"};
  app.set_version_flag("--version", std::string("kiln ") + version());
  app.require_subcommand(1);
  Console console;
  std::vector<Command> commands;
  Program program{app, console, commands, {argv + 1, argv + argc}};
  for (const auto add :
       {add_train,      add_resume,      add_sample,     add_eval,   add_score,     add_reconstruct,
        add_complete,   add_interpolate, add_encode,     add_decode, add_manifold,  add_traverse,
        add_arithmetic, add_probe,       add_neighbours, add_film,   add_report,    add_models,
        add_data,       add_doctor,      add_theory,     add_check,  add_completion})
    add(program);
  try {
    app.parse(words_to_parse(program.arguments), argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::vector<std::string> names;
    for (const auto& command : commands)
      if (command.app->get_parent() == &app) names.push_back(command.app->get_name());
    const std::string given = argc > 1 ? argv[1] : "";
    const auto hint =
        app.get_subcommands().empty() && !given.empty() ? did_you_mean(given, names) : "";
    throw ConfigError("kiln", error.what() + (hint.empty() ? "" : hint));
  }
  for (const auto& command : commands)
    if (command.app->parsed()) {
      if (!command.takes_extras) refuse_extras(*command.app);
      return command.run();
    }
  return kOurBug;
}

int report(const std::exception& error, int code) {
  fmt::print(stderr, "kiln: {}\n", error.what());
  return code;
}

}  // namespace
}  // namespace kiln::program

int main(int argc, char** argv) {
  using namespace kiln;
  try {
    return program::run(argc, argv);
  } catch (const ConfigError& error) {
    return program::report(error, program::kBadRequest);
  } catch (const ShapeError& error) {
    return program::report(error, program::kBadRequest);
  } catch (const IoError& error) {
    return program::report(error, program::kBadFile);
  } catch (const NumericError& error) {
    return program::report(error, program::kBadNumbers);
  } catch (const std::exception& error) {
    return program::report(error, program::kOurBug);
  }
}
