#pragma once

#include <string>

namespace kiln::program {

/// Refuses a picture's name that does not end in .svg; nothing to say of an empty one.
void check_picture_name(const std::string& out);
/// Writes it, making its folder.
void write_picture(const std::string& out, const std::string& svg);

}  // namespace kiln::program
