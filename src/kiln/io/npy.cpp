#include "kiln/io/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"

namespace kiln {
namespace {

static_assert(std::endian::native == std::endian::little, ".npy data are read as they lie");

// IEEE 754 binary16: 1 sign bit, 5 bits of exponent (bias 15), 10 bits of fraction.
struct Half {
  std::uint16_t bits;
  explicit operator float() const {
    const int exponent = bits >> 10 & 31;
    const auto fraction = static_cast<float>(bits & 1023);
    float value =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
    if (exponent == 31) value = fraction == 0 ? HUGE_VALF : std::nanf("");
    return bits & 0x8000 ? -value : value;
  }
};

struct Truth {
  std::uint8_t byte;
  explicit operator float() const { return byte ? 1.0f : 0.0f; }
};

template <class Number>
void convert(const std::uint8_t* bytes, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    Number number;
    std::memcpy(&number, bytes + i * static_cast<std::int64_t>(sizeof number), sizeof number);
    out[i] = static_cast<float>(number);
  }
}

using Converter = void (*)(const std::uint8_t*, std::int64_t, float*);

Converter converter(const std::string& dtype) {
  static constexpr std::pair<std::string_view, Converter> converters[] = {
      {"|b1", convert<Truth>},         {"|i1", convert<std::int8_t>},
      {"|u1", convert<std::uint8_t>},  {"<f2", convert<Half>},
      {"<f4", convert<float>},         {"<f8", convert<double>},
      {"<i2", convert<std::int16_t>},  {"<i4", convert<std::int32_t>},
      {"<i8", convert<std::int64_t>},  {"<u2", convert<std::uint16_t>},
      {"<u4", convert<std::uint32_t>}, {"<u8", convert<std::uint64_t>}};
  for (const auto& [known, convert_all] : converters)
    if (known == dtype) return convert_all;
  throw IoError("npy", fmt::format("the dtype '{}' is not read", dtype));
}

// As NumPy writes it: (), (3,), (3, 4).
std::string tuple(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const std::int64_t size : shape) sizes.push_back(std::to_string(size));
  return "(" + join(sizes, ", ") + (shape.size() == 1 ? ",)" : ")");
}

void check_array(const NpyArray& array) {
  std::int64_t count = 1;
  bool fits = array.shape.size() <= 32;
  for (const std::int64_t size : array.shape)
    fits = fits && size >= 0 && !__builtin_mul_overflow(count, size, &count);
  if (!fits || static_cast<std::uint64_t>(count) != array.values.size())
    throw ShapeError("npy", fmt::format("'{}' has {} values, which do not fill the shape {}",
                                        array.name, array.values.size(), tuple(array.shape)));
}

}  // namespace

void npy_to_float(const NpyHeader& header, const std::uint8_t* bytes, std::int64_t count,
                  float* out) {
  converter(header.dtype)(bytes, count, out);
}

std::vector<std::uint8_t> encode_npy(const NpyArray& array) {
  check_array(array);
  std::string dict =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}", tuple(array.shape));
  constexpr std::size_t prefix = 10, alignment = 64;  // data start at a multiple of 64
  const std::size_t end = (prefix + dict.size() + 1 + alignment - 1) / alignment * alignment;
  dict.resize(end - prefix - 1, ' ');
  dict += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(dict.size() & 255);
  file += static_cast<char>(dict.size() >> 8);
  file += dict;
  std::vector<std::uint8_t> bytes(file.begin(), file.end());
  const auto* data = reinterpret_cast<const std::uint8_t*>(array.values.data());
  bytes.insert(bytes.end(), data, data + array.values.size() * sizeof(float));
  return bytes;
}

void write_npy(const std::filesystem::path& path, const NpyArray& array) {
  write_file_atomically(path, encode_npy(array));
}

}  // namespace kiln
