#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// Number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`;
/// no place is changed twice.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// "; did you mean 'latent'?" when a candidate is near, otherwise "".
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& candidates);

/// Parts between separators; an empty text has no parts.
std::vector<std::string> split(std::string_view text, char separator);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The text as one word of a shell's line: in quotes unless all of it is plain.
std::string shell_word(const std::string& text);

/// Whole-text numbers; nothing when the text is anything else (also for overflow).
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_real(std::string_view text);  ///< Accepts nan and inf.

}  // namespace kiln
