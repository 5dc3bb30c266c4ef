#pragma once

#include "kiln/data/dataset.h"

namespace kiln {

/// The parts of a source of grey levels v in [0, 1] as states min(floor(v * q), q - 1), the same
/// every time.  Throws ConfigError for other values, naming the source.
Splits quantized(Splits splits, std::int64_t levels);

}  // namespace kiln
