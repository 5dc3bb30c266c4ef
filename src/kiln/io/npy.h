#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace kiln {

/// Where an array of NumPy's .npy format lies in a file and how to read it.
struct NpyHeader {
  std::string dtype;  ///< "<f4", "|u1", "<i8" ...
  std::vector<std::int64_t> shape;
  std::int64_t item_bytes = 0;    ///< Bytes of one number.
  std::uint64_t data_offset = 0;  ///< From the start of the .npy bytes.
  std::uint64_t data_bytes = 0;
  std::int64_t count() const;  ///< Product of shape.
};

/// Reads the header of the .npy at `bytes` (the file's first `size` bytes; `total` is the file's
/// whole length).  Headers are at most 64 KiB long.  Throws IoError naming `name`: wrong magic,
/// Fortran order, unknown dtype, big-endian, a shape whose product overflows, data cut short or
/// followed by more.
NpyHeader parse_npy_header(const std::string& name, const std::uint8_t* bytes, std::size_t size,
                           std::uint64_t total);

/// `count` numbers of the header's dtype at `bytes`, as float: f2 f4 f8, i1 to i8, u1 to u8, b1.
void npy_to_float(const NpyHeader& header, const std::uint8_t* bytes, std::int64_t count,
                  float* out);

/// Names of the arrays in a .npz (without ".npy"), in the order of the file, and one of them whole:
/// the bytes of its .npy.  Throws IoError: no such array (naming those that there are), damaged, or
/// unpacking to more than `limit_bytes`.
std::vector<std::string> npz_names(const std::filesystem::path& path);
std::vector<std::uint8_t> read_npz_member(const std::filesystem::path& path,
                                          const std::string& name, std::uint64_t limit_bytes);

/// The same piece by piece, for arrays that need not fit the memory.
void unpack_npz_member(const std::filesystem::path& path, const std::string& name,
                       std::uint64_t limit_bytes,
                       const std::function<void(std::span<const std::uint8_t>)>& take);

/// An array to write: float32, row by row.
struct NpyArray {
  std::string name = {};  ///< Within a .npz.
  std::vector<std::int64_t> shape = {};
  std::vector<float> values = {};
};
void write_npy(const std::filesystem::path& path, const NpyArray& array);  ///< Atomic.
void write_npz(const std::filesystem::path& path,
               const std::vector<NpyArray>& arrays);  ///< Atomic, deflated.
std::vector<std::uint8_t> encode_npy(const NpyArray& array);

}  // namespace kiln
