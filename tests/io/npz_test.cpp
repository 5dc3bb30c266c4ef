// needs: base
#include <gtest/gtest.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/npy.h"
#include "tests/io/golden/numpy_npz.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kLimit = 1 << 20;

std::vector<float> values_of(const Bytes& bytes) {
  const auto header = parse_npy_header("x", bytes.data(), bytes.size(), bytes.size());
  std::vector<float> values(static_cast<std::size_t>(header.count()));
  npy_to_float(header, bytes.data() + header.data_offset, header.count(), values.data());
  return values;
}

std::vector<NpyArray> example() {
  return {{.name = "train", .shape = {2, 2}, .values = {1, 2, 3, 4}},
          {.name = "test", .shape = {1000}, .values = std::vector<float>(1000, 7)}};
}

TEST(Npz, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  write_npz(folder / "a.npz", example());
  EXPECT_EQ(npz_names(folder / "a.npz"), (std::vector<std::string>{"train", "test"}));
  for (const auto& array : example())
    EXPECT_EQ(read_npz_member(folder / "a.npz", array.name, kLimit), encode_npy(array));
  EXPECT_LT(std::filesystem::file_size(folder / "a.npz"), 800u) << "4 kB of sevens deflate well";
}

TEST(Npz, EqualArraysGiveEqualFiles) {
  const TemporaryFolder folder;
  write_npz(folder / "a.npz", example());
  write_npz(folder / "b.npz", example());
  EXPECT_EQ(read_file(folder / "a.npz"), read_file(folder / "b.npz"));
}

TEST(Npz, FilesOfNumpyAreRead) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.npz", kNumpyNpz);
  EXPECT_EQ(npz_names(folder / "a.npz"), (std::vector<std::string>{"train", "labels"}));
  EXPECT_EQ(values_of(read_npz_member(folder / "a.npz", "train", kLimit)),
            (std::vector<float>{0, 1, 2, 3, 4, -5.5f}));
  EXPECT_EQ(values_of(read_npz_member(folder / "a.npz", "labels", kLimit)),
            (std::vector<float>{7, 8, 9}));
}

TEST(Npz, AMissingArrayIsRefusedWithTheNearestName) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  write_npz(path, example());
  EXPECT_EQ(message_of<IoError>([&] { read_npz_member(path, "trains", kLimit); }),
            "[npz] '" + path.string() +
                "' has no array 'trains'; did you mean 'train'?; it has: train, test");
}

TEST(Npz, UnpackingIsBounded) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  write_npz(path, {{.name = "zeros", .shape = {1000000}, .values = std::vector<float>(1000000)}});
  EXPECT_EQ(read_npz_member(path, "zeros", 4000128).size(), 4000128u);
  EXPECT_EQ(
      message_of<IoError>([&] { read_npz_member(path, "zeros", 4000127); }),
      "[npz] '" + path.string() + "' unpacks 'zeros' to 4000128 bytes; at most 4000127 are read");
}

// Writes `value` over the 4 bytes at `offset` in the central directory's entry of the first member.
Bytes with_directory_field(Bytes bytes, std::size_t offset, std::uint32_t value) {
  const std::string magic = "PK\x01\x02";
  const auto entry = std::search(bytes.begin(), bytes.end(), magic.begin(), magic.end());
  for (int i = 0; i < 4; ++i)
    entry[static_cast<std::ptrdiff_t>(offset) + i] = static_cast<std::uint8_t>(value >> 8 * i);
  return bytes;
}

TEST(Npz, SizesThatLieAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  write_npz(path, example());
  const Bytes good = read_file(path);
  const auto refusal = [&](std::uint32_t size) {
    write_file_atomically(path, with_directory_field(good, 24, size));
    return message_of<IoError>([&] { read_npz_member(path, "train", 1u << 30); });
  };
  EXPECT_EQ(refusal(1u << 29),
            "[npz] '" + path.string() + "' is damaged: 'train' cannot unpack to 536870912 bytes");
  for (const std::uint32_t size : {0u, 100u, 143u, 145u, 1000u})
    EXPECT_NE(refusal(size), "nothing was refused") << size;
}

TEST(Npz, DamagedContentIsNeverReadAsGood) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  write_npz(path, example());
  const Bytes good = read_file(path);
  const Bytes member = encode_npy(example()[0]);
  Philox rng(6);
  for (int i = 0; i < 300; ++i) {
    Bytes bad = good;
    const auto at = rng.below(bad.size());
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1 + rng.below(255)));
    write_plainly(path, {reinterpret_cast<const char*>(bad.data()), bad.size()});
    try {  // a byte that carries no meaning (a date, say) may change; the array may not
      EXPECT_EQ(read_npz_member(path, "train", kLimit), member) << at;
    } catch (const IoError&) {
    }
  }
}

TEST(Npz, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "a.npz";
  write_file_atomically(path, std::string_view("no archive"));
  EXPECT_EQ(
      message_of<IoError>([&] { npz_names(path); }),
      "[npz] '" + path.string() + "' is not a .npz archive that can be read (Not a zip archive)");
  EXPECT_THROW(npz_names(folder / "missing"), IoError);
}

TEST(Npz, NamesMustBeTheirOwn) {
  const TemporaryFolder folder;
  auto twice = example();
  twice[1].name = "train";
  EXPECT_EQ(message_of<ShapeError>([&] { write_npz(folder / "a", twice); }),
            "[npz] an array's name must be its own, got 'train'");
  EXPECT_THROW(write_npz(folder / "a", {}), ShapeError);
}

}  // namespace
}  // namespace kiln
