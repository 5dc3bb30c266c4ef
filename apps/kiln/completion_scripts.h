#pragma once

#include <span>

namespace kiln::program {

/// What a shell reads so that it completes what is typed after `kiln`.
struct CompletionScript {
  const char* shell;  ///< "bash", "zsh" or "fish".
  const char* text;   ///< Ends without a newline.
};

/// All of them.
std::span<const CompletionScript> completion_scripts();

}  // namespace kiln::program
