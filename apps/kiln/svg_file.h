#pragma once

#include <string>

namespace kiln::program {

/// Writes a picture, making its folder.
void write_picture(const std::string& out, const std::string& svg);

}  // namespace kiln::program
