#pragma once

#include <string>

#include "kiln/data/dataset.h"

namespace kiln {

/// A name for what a data set holds: its shape, its size, and up to 256 of its items with their
/// labels, evenly spaced with the first and the last.  Equal data have equal names; a table that
/// was scaled, or pictures that were drawn again, have others.
std::string fingerprint(const Dataset& data);

}  // namespace kiln
