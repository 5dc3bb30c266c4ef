#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/data/code_files.h"

namespace kiln::program {
namespace {

void check_ending_of_samples(const std::string& out) {
  const auto ending = std::filesystem::path(out).extension().string();
  std::error_code none;
  if (const auto status = std::filesystem::status(out, none);
      !out.empty() && std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status) && !std::filesystem::is_directory(status))
    throw ConfigError("sample.out", fmt::format("'{}' is neither a file nor a folder", out));
  const std::vector<std::string> known{"", ".png", ".svg", ".npy", ".csv", ".webp"};
  if (std::find(known.begin(), known.end(), ending) == known.end())
    throw ConfigError("sample.out", fmt::format("needs a name that ends in .png, .webp, .svg, .csv "
                                                "or .npy, or a folder DIR/, got '{}'",
                                                out));
}

void check_sample(SampleArguments& a) {
  check_ending_of_samples(a.out);
  a.given = parse_given("sample.condition", a.condition);
  if (!a.given.codes.empty()) check_code_file(a.given.codes);
  if (std::filesystem::path(a.out).extension() == ".webp") check_run(a.run, {"autoregressive"});
  if (a.mean && a.noise)
    throw ConfigError("sample", "--mean and --noise are opposites; leave one of them out");
  if (a.noise) check_run(a.run, {"decoder", "prior"});  // others draw x and have no mean to show
  if (!a.mean) return;
  check_run(a.run, {"decoder", "prior"});
  if (!a.condition.empty())
    throw ConfigError("sample.condition",
                      "--mean takes the classes in turn; leave out one of both");
  if (a.temperature != 1)
    throw ConfigError(
        "sample.temperature",
        "with --mean, codes are drawn from the prior as it is; leave one of them out");
}

}  // namespace

void add_sample(const Program& program) {
  auto a = std::make_shared<SampleArguments>();
  auto* command = program.add("sample", "draw samples from a trained model",
                              "kiln sample runs/nade -n 100 -o digits.png");
  add_run_arguments(command, a->run);
  command->add_option("-n,--count", a->count, "how many [64]")->check(whole_number(1, 1000000));
  command->add_option(
      "-o,--out", a->out,
      "FILE.png (images, a grid), FILE.webp (a film of how they are drawn), FILE.svg (points), "
      "FILE.csv (a table), FILE.npy, or DIR/, a file each [RUN/samples/sample-SEED]");
  command
      ->add_option("--temperature", a->temperature,
                   "below 1: safer samples, above 1: bolder ones [1]")
      ->check(number_between(1e-3, 100.0));
  command->add_option(
      "--condition", a->condition,
      "label=N or label=NAME: of that class alone, for models that know classes [all in turn]; "
      "code=FILE: given the codes of a file of `kiln encode` in turn [codes of training items]; "
      "both with a comma between them");
  command->add_flag("--beside-data", a->beside_data,
                    "points: over the run's data in grey, on the data's axes");
  command->add_flag("--mean", a->mean,
                    "for models with a decoder: the mean of x given a drawn code, not a draw of x");
  command->add_flag("--noise", a->noise,
                    "pictures of models with a decoder's noise: x itself, where else its mean "
                    "given a drawn code is shown");
  program.on_run(command, &Actions::sample, a, check_sample, {"sampler"});
}

}  // namespace kiln::program
