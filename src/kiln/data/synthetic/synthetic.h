#pragma once

#include <optional>
#include <vector>

#include "kiln/data/source.h"

namespace kiln {

/// The sources that Kiln makes itself: digits, shapes, 2-D points, bars.  Nothing is read or
/// written; item i of a part depends on (SPEC, seed, i) alone.
///
/// Keys of all: n, valid and test (items of each part, drawn from unrelated keys) and seed.
std::vector<SourceKind> synthetic_kinds();

/// Opens a source of synthetic_kinds(); nothing when `spec.name` is none of them.  Ignores the keys
/// binarize, dequantize, levels and noise, which the caller handles.  Throws ConfigError for a
/// path, an unknown key (naming the nearest) or a value out of range.
std::optional<Splits> open_synthetic(const SourceSpec& spec, const OpenOptions& options);

}  // namespace kiln
