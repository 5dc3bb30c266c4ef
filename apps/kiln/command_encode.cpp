#include <fmt/format.h>
#include <torch/torch.h>

#include "apps/kiln/run_codes.h"
#include "kiln/core/threads.h"
#include "kiln/data/code_files.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

struct EncodeArguments {
  RunArguments run;
  std::string data, split, out = "codes.csv", plot;
  bool beside_prior = false;
  CodeOptions codes;
};

CodeTable table_of(const LabelledCodes& codes) {
  const auto z = codes.z.contiguous();
  CodeTable table{.rows = z.size(0), .columns = z.size(1)};
  table.z.assign(z.data_ptr<float>(), z.data_ptr<float>() + z.numel());
  if (codes.y.defined())
    table.labels.assign(codes.y.data_ptr<std::int64_t>(),
                        codes.y.data_ptr<std::int64_t>() + codes.y.numel());
  return table;
}

int encode(EncodeArguments& a, const Console& console) {
  start_up();
  check_code_file(a.out);
  if (!a.plot.empty() && !a.plot.ends_with(".svg"))
    throw ConfigError("plot", fmt::format("needs a name that ends in .svg, got '{}'", a.plot));
  if (a.beside_prior && a.plot.empty())
    throw ConfigError("encode.beside_prior", "is about the picture; say --plot FILE.svg as well");
  const auto run = load(a.run, console);
  auto& encoder = run.as<Encoder>("encoder");
  auto* prior = a.beside_prior ? &run.as<Prior>("prior") : nullptr;
  const auto judged = judged_data(run, a.data, a.split);
  a.codes.seed = static_cast<std::uint64_t>(a.run.seed);
  a.codes.device = parse_device(a.run.device);
  const auto codes = codes_of(encoder, judged, a.codes);
  std::string picture;
  if (prior) {
    Rng noise(a.codes.seed, "beside_prior", a.codes.device);
    const auto drawn = codes_of(encoder, judged, a.codes, &noise).z;
    picture = codes_beside_prior(codes, drawn, judged, *prior, noise);
  } else if (!a.plot.empty()) {
    picture = code_scatter(codes, judged);
  }
  write_codes(a.out, table_of(codes));
  if (!a.plot.empty()) write_file_atomically(a.plot, picture);
  console.result(fmt::format("{} codes of {} latents in {}{}", codes.z.size(0), codes.z.size(1),
                             a.out, a.plot.empty() ? "" : ", drawn in " + a.plot),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"data", judged.name},
                  {"rows", codes.z.size(0)},
                  {"latents", codes.z.size(1)},
                  {"labels", codes.y.defined()},
                  {"file", a.out},
                  {"plot", a.plot}});
  return 0;
}

}  // namespace

void add_encode(const Program& program) {
  auto a = std::make_shared<EncodeArguments>();
  auto* command = program.add("encode", "the code of each item as a table, and as a scatter plot",
                              "kiln encode runs/vae -o codes.csv --plot codes.svg");
  add_run_arguments(command, a->run);
  command->add_option("--data", a->data, "data source, every row [the run's own source]");
  command->add_option("--split", a->split,
                      "train, valid or test [test, or valid where there is no test part]");
  command->add_option("-o,--out", a->out, "FILE.csv, or FILE.npz with z and y [codes.csv]");
  command->add_option("--plot", a->plot, "FILE.svg: the codes on the plane, classes in colours");
  command->add_flag("--beside-prior", a->beside_prior,
                    "with --plot: the density of the codes, and beside it that of the prior");
  command->add_option("--items", a->codes.items, "so many of the first items; 0: all [0]")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--batch", a->codes.batch, "items at a time [500]")
      ->check(CLI::Range(1, 100000));
  program.on_run(command, [a, &console = program.console] { return encode(*a, console); });
}

}  // namespace kiln::program
