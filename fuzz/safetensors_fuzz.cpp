// Any bytes are a file that is written and read again unchanged, or an IoError.
#include <cstdlib>

#include "kiln/core/error.h"
#include "kiln/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kiln::SafetensorsFile file;
  try {
    file = kiln::parse_safetensors("fuzz", {data, data + size});
  } catch (const kiln::IoError&) {
    return 0;
  }
  const auto bytes = kiln::encode_safetensors(file);
  const auto again = kiln::parse_safetensors("fuzz", bytes);
  if (kiln::encode_safetensors(again) != bytes) std::abort();
  return 0;
}
