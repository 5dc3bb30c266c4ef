// Any bytes are an array whose data end with the file, or an IoError.
#include <cstdlib>

#include "kiln/core/error.h"
#include "kiln/io/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kiln::NpyHeader header;
  try {
    header = kiln::parse_npy_header("fuzz", data, size, size);
  } catch (const kiln::IoError&) {
    return 0;
  }
  if (header.data_offset + header.data_bytes != size) std::abort();
  std::vector<float> values(static_cast<std::size_t>(header.count()));
  kiln::npy_to_float(header, data + header.data_offset, header.count(), values.data());
  return 0;
}
