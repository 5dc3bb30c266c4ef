#pragma once

#include <string>

#include "kiln/data/dataset.h"

namespace kiln {

/// A name for what a data set holds: its shape, its size and its items with their labels; of
/// more than 2^22 numbers 256 items, evenly spaced with the first and the last.  Equal data have
/// equal names; of small data every change has another, of large ones what touches those items.
std::string fingerprint(const Dataset& data);

}  // namespace kiln
