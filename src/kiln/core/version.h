#pragma once

namespace kiln {

const char* version();  ///< "0.1.0"

}  // namespace kiln
