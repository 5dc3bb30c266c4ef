#include "tests/support/places.h"

namespace kiln {

const char* program_path() { return KILN_PROGRAM; }

const char* source_folder() { return KILN_SOURCE_DIR; }

}  // namespace kiln
