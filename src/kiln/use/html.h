#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::report {

// Pieces of a page that needs nothing but itself: no server, no script, no other file.

/// Text with & < > " ' made harmless, for content and for attributes.
std::string escape_html(std::string_view text);

/// A PNG as an image within the page.
std::string embedded_png(std::span<const std::uint8_t> png, std::string_view description);

/// A PNG or SVG file as an image within the page.
std::string embedded_file(const std::filesystem::path& path, std::string_view description);

/// HTML with a caption (text) below.  `kind` is a class of the page's style: "plot", "picture",
/// "frame".
std::string figure(std::string_view kind, std::string_view content, std::string_view caption);

/// A table; cells are HTML, the head is text.
std::string table(const std::vector<std::string>& head,
                  const std::vector<std::vector<std::string>>& rows);

/// The whole page: light or dark as the reader's system is, readable at the width of a phone.
std::string page(std::string_view title, std::string_view body);

}  // namespace kiln::report
