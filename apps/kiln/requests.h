#pragma once

#include <string>
#include <vector>

#include "apps/kiln/arguments.h"

namespace kiln::program {

// What can be refused before LibTorch is loaded.

/// Throws ConfigError for a SPEC that is none, and for a source without files whose keys have
/// values that cannot be; nothing is said of an empty one.
void check_data(const std::string& spec);

/// Throws IoError where there is no run to read, or ConfigError for its device, for a config.toml
/// that asks for what there is not, or for a model that lacks one of the capabilities;
/// what follows a comma in their names is said beside it: "encoder, so only --between prior".
void check_run(const RunArguments& arguments, const std::vector<std::string>& needed);

/// The same for several, of which nothing is needed.
void check_runs(const std::vector<std::string>& runs);

/// Throws ConfigError unless the text names a part of data; nothing is said of an empty one.
void check_split(const std::string& split);

/// Throws ConfigError for a name that does not end so; nothing is said of an empty one.
void check_ending(const std::string& where, const std::string& name, const char* ending);

/// For commands that write one picture: how `out` ends.
template <class Arguments>
void check_png(Arguments& a) {
  check_ending("out", a.out, ".png");
}
template <class Arguments>
void check_svg(Arguments& a) {
  check_ending("out", a.out, ".svg");
}

/// A grid of pictures: plain, or with words at its edges.
template <class Arguments>
void check_picture(Arguments& a) {
  if (!a.out.empty() && !a.out.ends_with(".png") && !a.out.ends_with(".svg"))
    throw ConfigError("out", "needs a name that ends in .png or .svg, got '" + a.out + "'");
}

/// All of that which a command was asked.
template <class Arguments>
void check_request(const Arguments& a, const std::vector<std::string>& needed) {
  if constexpr (requires { a.run.checkpoint; }) check_run(a.run, needed);
  if constexpr (requires { a.runs; }) check_runs(a.runs);
  if constexpr (requires { a.data; }) check_data(a.data);
  if constexpr (requires { a.split; }) check_split(a.split);
}

}  // namespace kiln::program
