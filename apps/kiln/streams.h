#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace kiln::program {

/// Standard streams that were closed are opened on /dev/null, so that no file of ours takes their
/// numbers.
void keep_standard_streams();

/// For people: what a stream cannot take is lost, and nothing else is.
void say(std::FILE* stream, std::string_view text);

/// Text as a terminal may show it: control characters but line ends and tabs are written as \x1b.
std::string printable(std::string_view text);

}  // namespace kiln::program
