#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "kiln/data/image_folder.h"

namespace kiln {

/// Which half of a picture is x.
enum class PairSide { left, right };

inline std::vector<std::pair<PairSide, std::string_view>> enum_names(PairSide) {
  return {{PairSide::left, "left"}, {PairSide::right, "right"}};
}

struct PairsOptions : ImageFolderOptions {
  std::string b = {};
  std::optional<PairSide> side = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("b", self.b, Field{.help = "folder of the second pictures, with the same names"});
    visit("side", self.side,
          Field{.help = "both are halves of one picture, and x is this one; auto: b= says"});
    ImageFolderOptions::fields(self, visit);
  }
};

/// Pairs of pictures: x from one folder and a field "b" from another, where every picture has the
/// name (but for its ending) and the place of its partner; or the two halves of each picture of one
/// folder.  Parts and classes are those of x's folder.  Throws ConfigError unless exactly one of
/// `b` and `side` is given, and IoError, naming it, for a picture without a partner, for folders
/// whose pictures differ in size, and for halves of an odd width.
Splits open_pairs(const std::string& spec, const std::filesystem::path& folder,
                  const PairsOptions& options);

}  // namespace kiln
