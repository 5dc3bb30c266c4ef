#include "kiln/core/version.h"

namespace kiln {

const char* version() { return KILN_VERSION; }
const char* commit() { return KILN_COMMIT; }

}  // namespace kiln
