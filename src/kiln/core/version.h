#pragma once

namespace kiln {

const char* version();  ///< "0.1.0"
const char* commit();   ///< Where the tree stood when it was built, 12 digits; "" outside git.

}  // namespace kiln
