#pragma once

#include "kiln/models/model.h"

namespace kiln {

/// decoder.decode_mean of many codes, a few hundred at a time, so that memory does not grow with
/// the layers' size times the number of codes: z [B, J] -> as in Batch.
Tensor decode_in_parts(Decoder& decoder, const Tensor& z);

}  // namespace kiln
