#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/data/source.h"

namespace kiln {

/// A kind of source that reads files: what `kiln data` shows and how it is opened.
struct FileSource {
  SourceKind kind;
  /// `keys` are the SPEC's without binarize and dequantize.
  std::function<Splits(const SourceSpec& spec, const OptionMap& keys, const OpenOptions& options)>
      open;
};

/// mnist, idx ...: the table that the SPEC parser and the opener work from.
const std::vector<FileSource>& file_sources();

}  // namespace kiln
