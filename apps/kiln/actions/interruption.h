#pragma once

namespace kiln::program {

/// From here on Ctrl-C and SIGTERM ask for an end instead of making one.
void watch_signals();
bool interrupted();  ///< True after the first of them.

}  // namespace kiln::program
