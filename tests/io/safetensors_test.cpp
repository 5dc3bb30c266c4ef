// needs: base
#include "kiln/io/safetensors.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/io/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace kiln {

bool operator==(const RawTensor& a, const RawTensor& b) {
  return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes;
}

namespace {

using Bytes = std::vector<std::uint8_t>;

RawTensor tensor(const std::string& name, const std::string& dtype,
                 const std::vector<std::int64_t>& shape, std::size_t bytes) {
  RawTensor made{name, dtype, shape, Bytes(bytes)};
  Philox rng(derive_key(3, name));
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(rng.below(256));
  return made;
}

SafetensorsFile example() {
  return {.metadata = {{"step", "60"}, {"escaped \"kiln.checksum\":\"", "\n\u00e9\\"}},
          .tensors = {tensor("weight", "F32", {4, 3}, 48), tensor("steps", "I64", {}, 8),
                      tensor("half", "BF16", {5}, 10), tensor("mask", "BOOL", {7}, 7),
                      tensor("none", "F32", {0, 9}, 0)}};
}

// A file as another program may write it: any header text, then data.
Bytes raw_file(const std::string& header, std::size_t data_bytes) {
  Bytes bytes(8);
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(header.size() >> 8 * i);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data_bytes, 1);
  return bytes;
}

std::string refusal(const Bytes& bytes) {
  return message_of<IoError>([&] { parse_safetensors("x", bytes); });
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  return refusal(raw_file(header, data_bytes));
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  const auto before = example();
  write_safetensors(folder / "a", before);
  const auto after = read_safetensors(folder / "a");
  EXPECT_EQ(after.metadata, before.metadata);
  ASSERT_EQ(after.tensors.size(), before.tensors.size());
  for (const auto& one : before.tensors)
    EXPECT_EQ(std::ranges::count(after.tensors, one), 1) << one.name;
  EXPECT_EQ(encode_safetensors(after), encode_safetensors(before)) << "and the bytes stay the same";
}

TEST(Safetensors, AnEmptyFileIsAFile) {
  const auto read = parse_safetensors("x", encode_safetensors({}));
  EXPECT_TRUE(read.metadata.empty() && read.tensors.empty());
}

TEST(Safetensors, EveryArrayStartsAtAMultipleOfItsItemSize) {
  const auto bytes = encode_safetensors(example());
  const std::size_t header = bytes[0] + 256u * bytes[1];
  EXPECT_EQ(header % 8, 0u);
  const auto json = nlohmann::json::parse(bytes.begin() + 8, bytes.begin() + 8 + long(header));
  const std::map<std::string, unsigned> widths{{"F32", 4}, {"I64", 8}, {"BF16", 2}, {"BOOL", 1}};
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") continue;
    EXPECT_EQ(entry["data_offsets"][0].get<unsigned>() % widths.at(entry["dtype"]), 0u) << name;
  }
}

TEST(Safetensors, EverySingleDamagedByteIsRefused) {
  const auto good = encode_safetensors(example());
  EXPECT_NO_THROW(parse_safetensors("x", good));
  Philox rng(11);
  for (int i = 0; i < 1000; ++i) {
    auto bad = good;
    const auto at = rng.below(bad.size());
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1 + rng.below(255)));
    EXPECT_THROW(parse_safetensors("x", bad), IoError) << "byte " << at << " became " << bad[at];
  }
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const auto good = encode_safetensors(example());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(parse_safetensors("x", Bytes(good.begin(), good.begin() + long(size))), IoError)
        << size;
  auto longer = good;
  longer.push_back(0);
  EXPECT_THROW(parse_safetensors("x", longer), IoError);
}

TEST(Safetensors, FilesOfOtherProgramsAreRead) {
  const auto file =
      parse_safetensors("x", raw_file(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}, )"
                                      R"("a":{"shape":[1],"data_offsets":[0,4],"dtype":"F32"}}  )",
                                      6));
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(file.tensors[1].name, "b");
}

TEST(Safetensors, LengthsThatLieAreRefused) {
  EXPECT_EQ(refusal(Bytes{1, 2, 3}),
            "[safetensors] 'x': it has 3 bytes: too short for a safetensors file");
  auto bytes = raw_file("{}", 0);
  bytes[7] = 0x80;
  EXPECT_EQ(refusal(bytes),
            "[safetensors] 'x': its header claims 9223372036854775810 bytes of 10; not a "
            "safetensors file, or cut short");
  EXPECT_EQ(refusal(" {}", 0), "[safetensors] 'x': its header does not start with '{'");
}

TEST(Safetensors, OffsetsMustCoverTheDataExactly) {
  const auto with = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}";
  };
  EXPECT_NO_THROW(parse_safetensors("x", raw_file(with("[0,4]", "[4,8]"), 8)));
  const std::string gap = ": a hole or an overlap";
  EXPECT_EQ(refusal(with("[0,4]", "[5,9]"), 9),
            "[safetensors] 'x': 'b' starts at byte 5, not 4" + gap);
  EXPECT_EQ(refusal(with("[0,4]", "[2,6]"), 6),
            "[safetensors] 'x': 'b' starts at byte 2, not 4" + gap);
  EXPECT_EQ(refusal(with("[0,4]", "[0,4]"), 8),
            "[safetensors] 'x': 'b' starts at byte 0, not 4" + gap);
  EXPECT_EQ(refusal(with("[0,4]", "[4,8]"), 9),
            "[safetensors] 'x': it has 9 bytes of data, its header tells of 8; it was cut short or "
            "written over");
  EXPECT_EQ(refusal(with("[0,4]", "[8,4]"), 8),
            "[safetensors] 'x': 'b' must have two rising offsets");
  EXPECT_EQ(refusal(with("[0,4]", "[4,7]"), 7),
            "[safetensors] 'x': 'b' needs 4 bytes, its offsets give 3");
}

TEST(Safetensors, ShapesAreChecked) {
  const auto with = [](const std::string& dtype, const std::string& shape) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[0,8]}})";
  };
  EXPECT_NO_THROW(parse_safetensors("x", raw_file(with("F32", "[1,2]"), 8)));
  EXPECT_EQ(refusal(with("F32", "[4611686018427387904,4]"), 8),
            "[safetensors] 'x': the shape of 'a' overflows");
  EXPECT_EQ(refusal(with("F32", "[2305843009213693954,8]"), 8),
            "[safetensors] 'x': the shape of 'a' overflows")
      << "16 bytes too many wrap to 64";
  EXPECT_EQ(refusal(with("F33", "[2]"), 8), "[safetensors] 'x': 'a' has the unknown dtype 'F33'");
  EXPECT_EQ(refusal(with("F32", "[-2]"), 8), "[safetensors] 'x': 'a' has the size or offset -2");
  EXPECT_EQ(refusal(with("F32", "[2.0]"), 8), "[safetensors] 'x': 'a' has the size or offset 2.0");
  EXPECT_EQ(refusal(with("F32", "2"), 8), "[safetensors] 'x': 'a' has sizes that are not a list");
}

TEST(Safetensors, HostileJsonIsRefused) {
  const std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal(R"({"a":)" + entry + R"(,"a":)" + entry + "}", 1),
            "[safetensors] 'x': 'a' stands twice in its header");
  EXPECT_EQ(refusal(R"({"a":{"dtype":"U8","shape":[1],"dtype":"U8","data_offsets":[0,1]}})", 1),
            "[safetensors] 'x': 'dtype' stands twice in its header");
  EXPECT_EQ(refusal(R"({"a":)" + std::string(100, '['), 0),
            "[safetensors] 'x': its header is nested too deeply");
  std::string many = "0";
  for (int i = 0; i < 65; ++i) many += ",0";
  EXPECT_EQ(refusal(R"({"a":{"shape":[)" + many + "]}}", 0),
            "[safetensors] 'x': its header has a list of more than 64 numbers");
  EXPECT_EQ(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":1}})", 1),
            "[safetensors] 'x': 'a' must have dtype, shape and data_offsets only");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":1}})", 0),
            "[safetensors] 'x': its metadata 'a' is not a text");
  EXPECT_EQ(refusal(R"({"__metadata__":[]})", 0),
            "[safetensors] 'x': its __metadata__ is not an object");
  EXPECT_EQ(refusal("{\"a\xff\":1}", 0).substr(0, 45),
            "[safetensors] 'x': its header is not JSON ([j");
  EXPECT_EQ(refusal("{}x", 0).substr(0, 45), "[safetensors] 'x': its header is not JSON ([j");
}

TEST(Safetensors, TheChecksumIsRequiredWhereKilnWroteTheFile) {
  EXPECT_EQ(refusal(R"({"__metadata__":{"kiln.format":"1"}})", 0),
            "[safetensors] 'x': its checksum is missing");
  EXPECT_EQ(refusal(R"({"__metadata__":{"kiln.format":"2"}})", 0),
            "[safetensors] 'x': it is of Kiln's format 2; this program reads 1");
  EXPECT_EQ(refusal(R"({"__metadata__":{"kiln.checksum":"0123"}})", 0),
            "[safetensors] 'x': its checksum does not match: the file was damaged or changed");
}

TEST(Safetensors, WrongCallsAreRefusedBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  const auto write = [&](const SafetensorsFile& file) {
    return message_of<ShapeError>([&] { write_safetensors(folder / "a", file); });
  };
  EXPECT_EQ(write({.metadata = {}, .tensors = {tensor("a", "F32", {2}, 7)}}),
            "[safetensors] 'a' (F32) has 7 bytes, which do not fit its dtype and shape");
  EXPECT_EQ(
      write({.metadata = {}, .tensors = {tensor("a", "U8", {1}, 1), tensor("a", "U8", {1}, 1)}}),
      "[safetensors] two arrays are named 'a'");
  EXPECT_EQ(write({.metadata = {}, .tensors = {tensor("__metadata__", "U8", {1}, 1)}}),
            "[safetensors] two arrays are named '__metadata__'");
  EXPECT_EQ(write({.metadata = {{"a", "\xff"}}, .tensors = {}}).substr(0, 37),
            "[safetensors] a name is not UTF-8 ([j");
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

}  // namespace
}  // namespace kiln
