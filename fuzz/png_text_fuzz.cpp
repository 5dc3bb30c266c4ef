// Any bytes are a PNG's texts, or an IoError.
#include "kiln/core/error.h"
#include "kiln/io/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    kiln::decode_png_text("fuzz", {data, size});
  } catch (const kiln::IoError&) {
  }
  return 0;
}
