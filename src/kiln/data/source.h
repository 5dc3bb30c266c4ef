#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kiln/data/augmentation.h"
#include "kiln/data/dataset.h"
#include "kiln/data/transforms.h"

namespace kiln {

/// A data source as the command line names it: `name[:key=value,...]` or `name:PATH[,key=value]`.
///   digits | shapes:size=64 | ring8 | mnist:DIR | idx:FILE | cifar10:PATH | images:DIR,size=64 |
///   npz:FILE,key=train | csv:FILE,columns=0-10,sep=;,header=yes | stacked:mnist:DIR,n=25600
struct SourceSpec {
  std::string name;  ///< Of the kind: "digits", "images".
  std::string path;  ///< Empty for generators; of `stacked`, the source that it stacks.
  std::map<std::string, std::string>
      keys;  ///< Including binarize=, flip= and the others of CommonKeys, which any source takes.
  std::string text() const;  ///< The SPEC again, keys in alphabetical order.
};

/// Throws ConfigError for text that is not a SPEC (naming the nearest source for an unknown name).
SourceSpec parse_source(const std::string& text);

/// The SPEC as who judges opens it: without the keys of DataAugmentation.
SourceSpec without_augmentation(SourceSpec spec);

/// What opening needs besides the SPEC.
struct OpenOptions {
  std::uint64_t seed = 1;  ///< Of generators, unless the SPEC says seed=.
  bool skip_bad = false;   ///< Leave broken items out and count them instead of refusing.
};

/// A source that has been opened: its parts, and how its SPEC asks for values to be changed.
struct Source {
  SourceSpec spec;                     ///< As it was asked for.
  Splits splits;                       ///< train is never null.
  std::optional<Binarize> binarize;    ///< What the SPEC says, if it says anything.
  bool dequantize = false;             ///< Whether levels are to be spread by uniform noise.
  std::optional<std::int64_t> levels;  ///< The parts are quantised to these already.
  double noise = 0;                    ///< Share of the numbers to replace by uniform ones.
  DataAugmentation augmentation = {};  ///< Of training alone: who judges sees items as they are.
};

/// Throws ConfigError (SPEC) or IoError (files); every key that the source does not know is refused
/// with the nearest one.
Source open_source(const SourceSpec& spec, const OpenOptions& options = {});

/// What is known about a kind of source before it is opened, for `kiln data`.
struct SourceKind {
  std::string name;                                       ///< As a SPEC begins.
  std::string help;                                       ///< One line.
  std::string example;                                    ///< A SPEC.
  std::vector<std::pair<std::string, std::string>> keys;  ///< Key and what it does.
};

/// Every kind there is.
const std::vector<SourceKind>& source_kinds();

}  // namespace kiln
