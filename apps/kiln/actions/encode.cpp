#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/threads.h"
#include "kiln/data/code_files.h"
#include "kiln/io/atomic_file.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

CodeTable table_of(const LabelledCodes& codes) {
  const auto z = codes.z.contiguous();
  CodeTable table{.rows = z.size(0), .columns = z.size(1)};
  table.z.assign(z.data_ptr<float>(), z.data_ptr<float>() + z.numel());
  if (codes.y.defined())
    table.labels.assign(codes.y.data_ptr<std::int64_t>(),
                        codes.y.data_ptr<std::int64_t>() + codes.y.numel());
  return table;
}

}  // namespace

int encode(const EncodeArguments& a, const Console& console) {
  for (const auto& file : {a.out, a.plot}) make_folder_of(file);  // before minutes of work
  start_up();
  const auto run = load(a.run, console);
  auto& encoder = run.as<Encoder>("encoder");
  auto* prior = a.beside_prior ? &run.as<Prior>("prior") : nullptr;
  const auto judged = judged_data(run, a.data, a.split);
  const auto options = code_options(a.run, a.items, a.batch);
  const auto codes = codes_of(encoder, judged, options);
  std::string picture;
  if (prior) {
    Rng noise(options.seed, "beside_prior", options.device);
    const auto drawn = codes_of(encoder, judged, options, &noise).z;
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

}  // namespace kiln::program
