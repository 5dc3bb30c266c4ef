#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kiln {

/// Base64 (RFC 4648, with padding), for pictures inside HTML and SVG.
std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace kiln
