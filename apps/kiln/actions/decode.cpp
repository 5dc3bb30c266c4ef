#include <fmt/format.h>
#include <torch/types.h>

#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"
#include "kiln/data/code_files.h"
#include "kiln/io/npy.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 28;  // 1 GiB of what is decoded
constexpr std::int64_t kMostPictures = 10000;

Tensor codes_from(const DecodeArguments& a, std::int64_t latents) {
  auto table = read_codes(a.codes);
  if (table.columns != latents)
    throw ConfigError("codes", fmt::format("{} holds codes of {} latents, the run has {}", a.codes,
                                           table.columns, latents));
  if (table.rows == 0) throw ConfigError("codes", fmt::format("{} holds no codes", a.codes));
  const auto z = torch::tensor(table.z).view({table.rows, table.columns});
  return a.count > 0 ? z.narrow(0, 0, std::min(a.count, table.rows)) : z;
}

void check_count(const Tensor& z, bool picture, std::int64_t numbers_each) {
  const auto most =
      picture ? kMostPictures : kMostNumbers / std::max<std::int64_t>(1, numbers_each);
  if (z.size(0) <= most) return;
  throw ConfigError("decode", fmt::format("{} codes are too many for one file; take at most {} "
                                          "with --count",
                                          z.size(0), most));
}

void write_archive(const std::string& path, const Tensor& x) {
  const auto host = x.to(torch::kFloat32).contiguous();
  write_npz(path, {{.name = "x",
                    .shape = host.sizes().vec(),
                    .values = {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()}}});
}

}  // namespace

int decode(const DecodeArguments& a, const Console& console) {
  start_up();
  const bool archive = a.out.ends_with(".npz");
  const auto run = load(a.run, console);
  auto& decoder = run.as<Decoder>("decoder");
  const auto device = parse_device(a.run.device);
  const auto z = codes_from(a, latents_of(run));
  check_count(z, !archive, decode_codes(decoder, z.narrow(0, 0, 1), device).numel());
  if (archive)
    write_archive(a.out, decode_codes(decoder, z, device));
  else
    write_picture(a.out, decode_images("decode", run, decoder, z, device), 0, a.run, run);
  console.result(fmt::format("{} codes decoded in {}", z.size(0), a.out), {{"run", a.run.run},
                                                                           {"step", run.step},
                                                                           {"codes", a.codes},
                                                                           {"items", z.size(0)},
                                                                           {"file", a.out}});
  return 0;
}

}  // namespace kiln::program
