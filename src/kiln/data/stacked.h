#pragma once

#include "kiln/data/source.h"

namespace kiln {

/// The source `stacked:SPEC`: three grey images of ten classes as the red, green and blue plane of
/// one image, 1000 classes, on which generators are asked how many modes they lost. Metz et al.
/// 2017, arXiv:1611.02163.
///   stacked:digits | stacked:mnist:DIR,n=25600,of.memory=1
/// The keys are the stack's own; those of SPEC follow with `of.` before them.
///
/// Item i of a part is made from Philox(derive_key(seed, "stacked", i)) alone, i counted as in
/// generated.h: three items of the part of the same name of SPEC, drawn independently and with
/// replacement.  Their classes a, b, c make the class 100 a + 10 b + c.  A part that SPEC lacks is
/// lacking here too.
const SourceKind& stacked_kind();

/// The source whose images `spec` stacks.  Throws ConfigError where the SPEC is wrong.
SourceSpec stacked_inner(const SourceSpec& spec);

/// Opens a source of stacked_kind(); ignores the keys binarize, dequantize, levels and noise, which
/// the caller handles.  Throws ConfigError for a SPEC of anything but ten classes of grey images,
/// for an unknown key (naming the nearest) and a value out of range.
Splits open_stacked(const SourceSpec& spec, const OpenOptions& options);

}  // namespace kiln
