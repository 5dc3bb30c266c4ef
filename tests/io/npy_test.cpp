// needs: base
#include "kiln/io/npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A .npy of version `major` with this dict and these data.
Bytes npy_file(const std::string& dict, std::size_t data_bytes, int major = 1) {
  std::string file("\x93NUMPY", 6);
  file += static_cast<char>(major);
  file += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) file += static_cast<char>(dict.size() >> 8 * i);
  file += dict;
  Bytes bytes(file.begin(), file.end());
  bytes.resize(bytes.size() + data_bytes);
  return bytes;
}

NpyHeader parse(const Bytes& bytes) {
  return parse_npy_header("x", bytes.data(), bytes.size(), bytes.size());
}

std::string refusal(const Bytes& bytes) {
  return message_of<IoError>([&] { parse(bytes); });
}

std::string dict(const std::string& dtype, const std::string& shape) {
  return "{'descr': '" + dtype + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

TEST(Npy, WhatIsWrittenIsReadAndIsWhatNumpyWrites) {
  const TemporaryFolder folder;
  const NpyArray array{.name = "", .shape = {2, 3}, .values = {0, 1, 2, 3, 4, -5.5f}};
  write_npy(folder / "a.npy", array);
  const Bytes bytes = read_file(folder / "a.npy");
  const std::string start("\x93NUMPY\x01\x00\x76\x00", 10);
  const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  EXPECT_EQ(std::string(bytes.begin(), bytes.begin() + 128),
            start + text + std::string(128 - 10 - text.size() - 1, ' ') + "\n");
  const NpyHeader header = parse(bytes);
  EXPECT_EQ(header.shape, array.shape);
  EXPECT_EQ(header.data_offset, 128u);
  EXPECT_EQ(header.data_bytes, 24u);
  EXPECT_EQ(header.count(), 6);
  std::vector<float> values(6);
  npy_to_float(header, bytes.data() + 128, 6, values.data());
  EXPECT_EQ(values, array.values);
}

TEST(Npy, ShapesOfAnyRankComeBack) {
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{}, {1}, {0, 4}, {1, 1, 1, 1}}) {
    NpyArray array{.name = "", .shape = shape, .values = {}};
    array.values.resize(shape == std::vector<std::int64_t>{0, 4} ? 0 : 1);
    EXPECT_EQ(parse(encode_npy(array)).shape, shape);
  }
}

TEST(Npy, EveryVersionAndSpellingIsRead) {
  for (const int major : {1, 2, 3}) {
    const auto header = parse(npy_file(dict("<f8", "(3,)") + "   \n", 24, major));
    EXPECT_EQ(header.dtype, "<f8");
    EXPECT_EQ(header.item_bytes, 8);
  }
  const std::string other = "{\"shape\":(2,2),\"descr\":\"|u1\",\"fortran_order\":False}";
  EXPECT_EQ(parse(npy_file(other, 4)).shape, (std::vector<std::int64_t>{2, 2}));
}

template <class Number>
void expect_converted(const std::string& dtype, const std::vector<Number>& numbers,
                      const std::vector<float>& expected) {
  const auto size = numbers.size() * sizeof(Number);
  const auto shape = "(" + std::to_string(numbers.size()) + ",)";
  const NpyHeader header = parse(npy_file(dict(dtype, shape), size));
  Bytes data(size);
  std::memcpy(data.data(), numbers.data(), size);
  std::vector<float> values(numbers.size());
  npy_to_float(header, data.data(), header.count(), values.data());
  EXPECT_EQ(values, expected) << dtype;
}

TEST(Npy, EveryDtypeBecomesFloat) {
  expect_converted<float>("<f4", {1.5f, -2e30f}, {1.5f, -2e30f});
  expect_converted<double>("<f8", {1.5, -2.25}, {1.5f, -2.25f});
  expect_converted<std::uint8_t>("|u1", {0, 200, 255}, {0, 200, 255});
  expect_converted<std::int8_t>("|i1", {-128, 127}, {-128, 127});
  expect_converted<std::uint8_t>("|b1", {0, 1, 7}, {0, 1, 1});
  expect_converted<std::uint16_t>("<u2", {65535}, {65535});
  expect_converted<std::int16_t>("<i2", {-32768}, {-32768});
  expect_converted<std::uint32_t>("<u4", {4294967040u}, {4294967040.0f});
  expect_converted<std::int32_t>("<i4", {-70000}, {-70000});
  expect_converted<std::uint64_t>("<u8", {1ull << 63}, {9223372036854775808.0f});
  expect_converted<std::int64_t>("<i8", {-3}, {-3});
}

TEST(Npy, HalfPrecisionFollowsIeee754) {
  const float inf = std::numeric_limits<float>::infinity();
  expect_converted<std::uint16_t>(
      "<f2", {0x0000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x3555, 0x7c00, 0xfc00},
      {0, 1, -2, 65504, 0x1p-14f, 0x1p-24f, 1023 * 0x1p-24f, 0x1.554p-2f, inf, -inf});
  const NpyHeader header = parse(npy_file(dict("<f2", "()"), 2));
  const std::uint8_t nan[] = {1, 0x7e};
  float value = 0;
  npy_to_float(header, nan, 1, &value);
  EXPECT_TRUE(std::isnan(value));
}

TEST(Npy, WhatCannotBeReadIsRefusedWithTheRemedy) {
  EXPECT_EQ(refusal(npy_file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", 16)),
            "[npy] 'x' is stored by columns; save np.ascontiguousarray(array)");
  EXPECT_EQ(refusal(npy_file(dict(">f4", "(1,)"), 4)),
            "[npy] 'x' is big-endian ('>f4'); save array.astype('<f4')");
  EXPECT_EQ(refusal(npy_file(dict("|O", "(1,)"), 8)),
            "[npy] 'x' has the dtype '|O', which is not read; save array.astype('<f4')");
  EXPECT_EQ(
      refusal(npy_file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4)),
      "[npy] 'x' is a structured array; save one field of it, np.save(file, array['field'])");
}

TEST(Npy, ShapesThatOverflowAreRefused) {
  for (const auto* shape : {"(4611686018427387904, 2)", "(9223372036854775808,)",
                            "(0, 9223372036854775807)", "(4294967296, 4294967296)"})
    EXPECT_EQ(refusal(npy_file(dict("<f4", shape), 8)), "[npy] 'x' has a shape that overflows");
  EXPECT_EQ(refusal(npy_file(dict("<f4", "(-1,)"), 8)),
            "[npy] 'x' has a damaged header (at byte 51 of it)");
  std::string many = "(";
  for (int i = 0; i < 33; ++i) many += "1,";
  EXPECT_EQ(refusal(npy_file(dict("<f4", many + ")"), 4)), "[npy] 'x' has more than 32 dimensions");
}

TEST(Npy, EveryTruncationIsRefused) {
  const Bytes good = encode_npy({.name = "", .shape = {2}, .values = {1, 2}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Bytes part(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(parse(part), IoError) << size;
  }
  EXPECT_EQ(refusal(npy_file(dict("<f4", "(3,)"), 8)),
            "[npy] 'x' is cut short: its shape needs 12 bytes of data");
  EXPECT_EQ(refusal(npy_file(dict("<f4", "(1,)"), 8)), "[npy] 'x' has 4 bytes after its array");
}

TEST(Npy, DamagedHeadersAreRefused) {
  EXPECT_EQ(refusal({1, 2, 3}), "[npy] 'x' is not a .npy array");
  auto version = npy_file(dict("<f4", "()"), 4);
  version[6] = 9;
  EXPECT_EQ(refusal(version), "[npy] 'x' has the version 9.0; 1.0, 2.0 and 3.0 are read");
  auto length = npy_file(dict("<f4", "()"), 4, 2);
  length[11] = 1;
  EXPECT_EQ(refusal(length), "[npy] 'x' claims a header of 16777271 bytes; at most 65536 are read");
  EXPECT_EQ(refusal(npy_file("{'descr': '<f4', 'shape': ()}", 4)),
            "[npy] 'x' must give descr, fortran_order and shape in its header");
  EXPECT_EQ(refusal(npy_file("{'descr': '<f4', 'descr': '<f4'}", 4)),
            "[npy] 'x' gives 'descr' twice");
  EXPECT_EQ(refusal(npy_file("{'other': '<f4'}", 4)),
            "[npy] 'x' has the unknown key 'other' in its header");
  for (const auto* text : {"", "{", "{'descr", "{'descr' '<f4'}", "{'shape': (1 2)}", "[1]",
                           "{'fortran_order': Maybe}"})
    EXPECT_NE(refusal(npy_file(text, 4)).find("has a damaged header"), std::string::npos) << text;
  EXPECT_NE(refusal(npy_file(dict("<f4", "()") + " x", 4)).find("damaged"), std::string::npos);
}

TEST(Npy, ValuesMustFillTheShape) {
  EXPECT_EQ(message_of<ShapeError>([] {
              encode_npy({.name = "z", .shape = {2, 2}, .values = {1, 2, 3}});
            }),
            "[npy] 'z' has 3 values, which do not fill the shape (2, 2)");
}

}  // namespace
}  // namespace kiln
