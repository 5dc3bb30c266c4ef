#pragma once

#include <string>
#include <string_view>

namespace kiln {

/// Throws IoError naming the line of a dotted key of more than 100 parts: the parser goes down a
/// level for each, and tens of thousands end the stack.  To be called before toml::parse.
void refuse_deep_keys(const std::string& where, std::string_view text);

}  // namespace kiln
