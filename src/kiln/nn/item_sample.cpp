#include "kiln/nn/item_sample.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace kiln {
namespace {

// A number below 2^63 that any change of the row changes.  -0 and 0 are the same number.
std::int64_t hash_of(const float* row, std::int64_t dims, std::uint64_t key) {
  for (std::int64_t d = 0; d < dims; ++d)
    key = derive_key(key, {}, std::bit_cast<std::uint32_t>(row[d] + 0.0f));
  return static_cast<std::int64_t>(key >> 1);
}

}  // namespace

ItemSample::ItemSample(std::int64_t most, std::int64_t dims)
    : key_(register_buffer(
          "key", torch::randint(std::numeric_limits<std::int64_t>::max(), {1}, torch::kInt64))),
      items_(register_buffer("items", torch::zeros({most, dims}))),
      keys_(register_buffer("keys", torch::zeros({most}, torch::kInt64))),
      seen_(register_buffer("seen", torch::zeros({1}, torch::kInt64))) {}

void ItemSample::clear() { items_.zero_(), keys_.zero_(), seen_.zero_(); }

std::int64_t ItemSample::seen() const { return seen_.item<std::int64_t>(); }

Philox ItemSample::random(std::string_view purpose) const {
  return Philox(derive_key(static_cast<std::uint64_t>(key_.item<std::int64_t>()), purpose));
}

void ItemSample::add(const Tensor& x) {
  torch::NoGradGuard no_grad;
  const auto rows = x.to(torch::kCPU, torch::kFloat32).contiguous();
  const auto key = derive_key(static_cast<std::uint64_t>(key_.item<std::int64_t>()), "item");
  auto keys = torch::empty({rows.size(0)}, torch::kInt64);
  for (std::int64_t b = 0; b < rows.size(0); ++b)
    keys.data_ptr<std::int64_t>()[b] =
        hash_of(rows.data_ptr<float>() + b * rows.size(1), rows.size(1), key);
  const auto kept = std::min(seen(), most());
  const auto room = std::min(most() - kept, rows.size(0));
  items_.narrow(0, kept, room).copy_(rows.slice(0, 0, room));
  keys_.narrow(0, kept, room).copy_(keys.slice(0, 0, room));
  seen_ += rows.size(0);
  if (room < rows.size(0))
    replace(rows.slice(0, room).to(items_.device()), keys.slice(0, room).to(keys_.device()));
}

// The smallest of the kept and the new keys stay.  Only rows that change places are copied.
void ItemSample::replace(const Tensor& rows, const Tensor& keys) {
  const auto candidates = keys.lt(keys_.max()).nonzero().squeeze(1);
  if (candidates.size(0) == 0) return;
  const auto both = torch::cat({keys_, keys.index_select(0, candidates)});
  auto stays = torch::zeros(both.sizes(), both.options().dtype(torch::kBool));
  stays.index_fill_(0, std::get<1>(both.topk(most(), 0, false)), true);
  const auto places = stays.slice(0, 0, most()).logical_not().nonzero().squeeze(1);
  const auto entering = candidates.index_select(0, stays.slice(0, most()).nonzero().squeeze(1));
  keys_.index_copy_(0, places, keys.index_select(0, entering));
  items_.index_copy_(0, places, rows.index_select(0, entering));
}

Tensor ItemSample::items() const {
  const auto kept = std::min(seen(), most());
  return items_.index_select(0, keys_.narrow(0, 0, kept).argsort());
}

}  // namespace kiln
