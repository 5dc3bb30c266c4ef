#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/data/source.h"

namespace kiln {

/// The keys that every source takes besides its own.
struct CommonKeys {
  std::optional<Binarize> binarize;
  bool dequantize = false;
  std::optional<std::int64_t> levels;
  double noise = 0;
  DataAugmentation augmentation;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("binarize", self.binarize, Field{.help = "how grey becomes 0 and 1"});
    visit("dequantize", self.dequantize, Field{.help = "add noise of one level's width"});
    visit("levels", self.levels,
          Field{.help = "quantise grey to this many states", .low = 2, .high = 256});
    visit("noise", self.noise,
          Field{.help = "share of the numbers replaced by uniform ones", .low = 0, .high = 1});
    DataAugmentation::fields(self.augmentation, visit);
  }
};

/// A kind of source that reads files: what `kiln data` shows and how it is opened.
struct FileSource {
  SourceKind kind;
  std::function<Source(const SourceSpec& spec, const OpenOptions& options)> open;
};

/// A field as SourceKind shows it: "labels", "file of labels ...; choices; default".
std::vector<std::pair<std::string, std::string>> describe_keys(
    const std::vector<FieldInfo>& fields);

/// mnist, idx ...: the table that the SPEC parser and the opener work from.
const std::vector<FileSource>& file_sources();

}  // namespace kiln
