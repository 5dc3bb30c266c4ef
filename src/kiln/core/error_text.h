#pragma once

#include <string>

namespace kiln {

/// What an error says after its [tag], for who says it again under another.
inline std::string without_tag(const std::string& message) {
  const auto end = message.find("] ");
  return message.starts_with('[') && end != std::string::npos ? message.substr(end + 2) : message;
}

}  // namespace kiln
