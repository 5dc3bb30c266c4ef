#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kiln {

/// One array of a safetensors file.
struct RawTensor {
  std::string name = {};
  std::string dtype = {};  ///< "F32", "F64", "F16", "BF16", "I64", "I32", "U8", "BOOL" ...
  std::vector<std::int64_t> shape = {};
  std::vector<std::uint8_t> bytes = {};  ///< Little-endian, row by row.
};

/// A safetensors file in memory.  https://huggingface.co/docs/safetensors names the format; every
/// reader of it can read ours.
struct SafetensorsFile {
  std::map<std::string, std::string> metadata = {};
  std::vector<RawTensor> tensors = {};  ///< In the order of their bytes.
};

/// Reads and checks everything: header size, JSON, dtypes, offsets (ordered, no hole, no overlap,
/// no rest), sizes, duplicate names and, where the file has one (ours do), the checksum.  Executes
/// nothing.  Throws IoError naming the file and what is wrong.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

/// The same bytes for the same content; wider types stand first, so that every array is aligned.
/// A checksum over the whole file stands in the metadata as "kiln.checksum", beside "kiln.format";
/// reading takes both out again.  Atomic; throws IoError, or ShapeError if the bytes of an array do
/// not fit its dtype and shape or a name stands twice.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& file);

/// As above, on bytes in memory; `name` is for messages.
SafetensorsFile parse_safetensors(const std::string& name, const std::vector<std::uint8_t>& bytes);
std::vector<std::uint8_t> encode_safetensors(const SafetensorsFile& file);

}  // namespace kiln
