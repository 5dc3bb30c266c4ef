#pragma once

#include <string>
#include <string_view>

namespace kiln {

/// What a draw is asked to be given, as text.
struct GivenText {
  std::string label = {};  ///< A class, by its number or its name; empty: none is asked for.
  std::string codes = {};  ///< A file of codes; empty: none.

  bool empty() const { return label.empty() && codes.empty(); }
};

/// The one parser of "label=3", "label=ankle boot", "code=FILE" and of several with commas between
/// them; a comma that no known name follows is part of a name.  Throws ConfigError, beginning with
/// `where`, for anything else.
GivenText parse_given(std::string_view where, std::string_view text);

}  // namespace kiln
