#include "kiln/use/picture_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <numeric>

#include "kiln/core/text.h"
#include "kiln/feed/batches.h"
#include "kiln/io/image.h"
#include "kiln/models/seen_as.h"

namespace kiln {
namespace {

// What is unknown is shown half-way between black and white.
double grey_of(ValueSet values) { return 0.5 * (values.low() + values.high()); }

Tensor mask_from_picture(const std::string& file, std::int64_t height, std::int64_t width) {
  const auto picture = resize(with_channels(read_image(file), 1), width, height);
  auto mask = torch::empty({height, width});
  for (std::int64_t i = 0; i < height * width; ++i)
    mask.data_ptr<float>()[i] = picture.pixels[static_cast<std::size_t>(i)] > 127 ? 1.0f : 0.0f;
  return mask;
}

}  // namespace

Batch items_of(const JudgedData& judged, const std::vector<std::int64_t>& indices,
               std::uint64_t seed, torch::Device device) {
  Loader loader(subset(judged.data, indices), judged.transform,
                LoaderOptions::one_pass(static_cast<std::int64_t>(indices.size()), seed, 0));
  return to_batch(loader.next(), loader.info(), device);
}

std::vector<std::int64_t> first_items(const JudgedData& judged, std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(count, judged.data->size())));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  return indices;
}

std::vector<std::int64_t> spread_items(const JudgedData& judged, std::int64_t count) {
  const auto all = judged.data->size();
  auto indices = first_items(judged, count);
  const auto taken = std::ssize(indices);
  for (auto& index : indices) index = index * all / taken;
  return indices;
}

std::vector<std::int64_t> chosen_items(const std::string& where, const std::string& numbers,
                                       const JudgedData& judged) {
  std::vector<std::int64_t> indices;
  for (const auto& part : split(numbers, ',')) {
    const auto index = parse_integer(part);
    if (!index || *index < 0 || *index >= judged.data->size())
      throw ConfigError(where, fmt::format("needs numbers from 0 to {}, separated by commas; got "
                                           "'{}'",
                                           judged.data->size() - 1, part));
    indices.push_back(*index);
  }
  if (indices.empty()) throw ConfigError(where, "needs at least one number");
  return indices;
}

void require_images(const std::string& command, const std::string& name, const DataInfo& info) {
  if (info.is_image()) return;
  throw ConfigError(command, fmt::format("draws images; the items of {} have shape [{}]", name,
                                         fmt::join(info.shape, ", ")));
}

Tensor reconstruct(Model& model, const Tensor& x) {
  torch::NoGradGuard no_grad;
  return surely_as<Decoder>(model).decode_mean(surely_as<Encoder>(model).encode_mean(x));
}

Tensor reconstruction_rows(const Tensor& x, const Tensor& again, std::int64_t columns) {
  std::vector<Tensor> rows;
  for (std::int64_t first = 0; first < x.size(0); first += columns) {
    const auto count = std::min(columns, x.size(0) - first);
    rows.push_back(x.narrow(0, first, count));
    rows.push_back(again.narrow(0, first, count));
  }
  return torch::cat(rows);
}

Tensor known_pixels(const std::string& known, const std::vector<std::int64_t>& shape) {
  const auto height = shape[1], width = shape[2];
  auto mask = torch::zeros({height, width});
  if (known == "top-half")
    mask.narrow(0, 0, height / 2).fill_(1);
  else if (known == "bottom-half")
    mask.narrow(0, height / 2, height - height / 2).fill_(1);
  else if (known == "left-half")
    mask.narrow(1, 0, width / 2).fill_(1);
  else if (known == "right-half")
    mask.narrow(1, width / 2, width - width / 2).fill_(1);
  else if (known == "centre")
    mask.narrow(0, height / 4, height / 2).narrow(1, width / 4, width / 2).fill_(1);
  else
    mask = mask_from_picture(known, height, width);
  return mask.expand({1, shape[0], height, width}).contiguous();
}

Tensor completion_rows(Completer& completer, ValueSet values, const Batch& items,
                       const Tensor& known, std::int64_t draws, Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto& x = items.x;
  const auto mask = known.to(x.device()).expand_as(x);
  const auto repeated = items.chosen(torch::arange(x.size(0)).repeat_interleave(draws));
  const auto drawn = completer.complete(repeated, mask.repeat_interleave(draws, 0), rng);
  std::vector<std::int64_t> by_item{x.size(0), draws};
  by_item.insert(by_item.end(), x.sizes().begin() + 1, x.sizes().end());
  const auto given = torch::where(mask > 0, x, torch::full_like(x, grey_of(values)));
  return torch::cat({x.unsqueeze(1), given.unsqueeze(1), drawn.reshape(by_item)}, 1).flatten(0, 1);
}

Tensor interpolation_rows(Decoder& decoder, LatentPath path, const Tensor& from, const Tensor& to,
                          std::int64_t points) {
  torch::NoGradGuard no_grad;
  return decoder.decode_mean(latent_path(path, from, to, points).flatten(0, 1));
}

}  // namespace kiln
