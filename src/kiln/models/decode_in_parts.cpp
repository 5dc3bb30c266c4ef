#include "kiln/models/decode_in_parts.h"

#include <ATen/ATen.h>

namespace kiln {

Tensor decode_in_parts(Decoder& decoder, const Tensor& z) {
  constexpr std::int64_t kItemsAtOnce = 256;
  std::vector<Tensor> parts;
  for (const auto& some : z.split(kItemsAtOnce)) parts.push_back(decoder.decode_mean(some));
  return at::cat(parts);
}

}  // namespace kiln
