// needs: base
#include "kiln/data/byte_source.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>
#include <numeric>

#include "kiln/core/error.h"
#include "tests/data/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();

Bytes counting(std::size_t count) {
  Bytes bytes(count);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

Bytes all_of(const ByteSource& source) {
  Bytes bytes(source.size());
  source.read(0, bytes);
  return bytes;
}

TEST(ByteSource, MemoryAndFileGiveTheSameBytesAnywhere) {
  const TemporaryFolder folder;
  const auto bytes = counting(1000);
  for (const auto& source :
       {memory_bytes("memory", bytes), file_bytes(folder.write("file", bytes))}) {
    EXPECT_EQ(all_of(*source), bytes);
    Bytes part(10);
    source->read(990, part);
    EXPECT_EQ(part, Bytes(bytes.begin() + 990, bytes.end()));
  }
}

TEST(ByteSource, RefusesToReadBeyondTheEnd) {
  const auto source = memory_bytes("four", counting(4));
  Bytes part(3);
  EXPECT_EQ(message_of<IoError>([&] { source->read(2, part); }),
            "[data.file] four ends after 4 bytes, bytes 2 to 5 were wanted: it is cut short");
  EXPECT_EQ(message_of<IoError>([&] { source->read(kNoLimit, part); }).substr(0, 40),
            "[data.file] four ends after 4 bytes, byt");
}

TEST(ByteSource, RefusesMissingFilesAndFolders) {
  const TemporaryFolder folder;
  EXPECT_EQ(
      message_of<IoError>([&] { file_bytes(folder / "missing"); }),
      "[data.file] cannot open " + (folder / "missing").string() + ": No such file or directory");
  EXPECT_EQ(message_of<IoError>([&] { file_bytes(folder.path()); }),
            "[data.file] " + folder.path().string() + " is no regular file");
}

TEST(ByteSource, SaysSoWhenAFileShrinksWhileItIsRead) {
  const TemporaryFolder folder;
  const auto path = folder.write("file", counting(100));
  const auto source = file_bytes(path);
  std::filesystem::resize_file(path, 50);
  EXPECT_EQ(message_of<IoError>([&] { all_of(*source); }),
            "[data.file] " + path + " became shorter while it was being read");
}

TEST(SpillBuffer, GivesBackWhatItTookInMemoryOrOnDisk) {
  const auto bytes = counting(1000);
  for (const std::uint64_t limit : {0, 1, 300, 999, 1000, 5000}) {
    SpillBuffer buffer("spill", limit);
    for (std::size_t at = 0; at < bytes.size(); at += 100)
      buffer.append(std::span(bytes).subspan(at, 100));
    EXPECT_EQ(buffer.size(), 1000u);
    EXPECT_EQ(all_of(*buffer.finish()), bytes) << limit;
  }
}

TEST(SpillBuffer, SaysWhatToDoWhenTheDiskIsFull) {
  struct ::rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const struct ::rlimit tiny { 1000, before.rlim_max };
  ::setrlimit(RLIMIT_FSIZE, &tiny);
  SpillBuffer buffer("data.gz", 10);
  const auto message = message_of<IoError>([&] { buffer.append(counting(3000)); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(message, "[data.file] cannot unpack data.gz into a temporary file in " +
                         std::filesystem::temp_directory_path().string() +
                         ": File too large; set TMPDIR to a folder with room, or raise memory=");
}

TEST(Gzip, InflatesWhatWasDeflated) {
  const TemporaryFolder folder;
  const auto bytes = counting(300000);  // several chunks
  const auto path = folder.write("file.gz", gzipped(bytes));
  EXPECT_TRUE(is_gzip(path));
  EXPECT_EQ(all_of(*inflate_gzip(path, kNoLimit, kNoLimit)), bytes);
  EXPECT_EQ(all_of(*inflate_gzip(path, 300000, 1000)), bytes);
  EXPECT_EQ(gzip_prefix(path, 10), counting(10));
  EXPECT_FALSE(is_gzip(folder.write("raw", counting(10))));
  EXPECT_FALSE(is_gzip(folder.write("empty", "")));
}

TEST(Gzip, RefusesTruncatedDamagedAndOverlongFiles) {
  const TemporaryFolder folder;
  const auto packed = gzipped(counting(100000));
  const auto message = [&](const Bytes& bytes, std::uint64_t limit) {
    const auto path = folder.write("file.gz", bytes);
    const auto text = message_of<IoError>([&] { inflate_gzip(path, limit, kNoLimit); });
    EXPECT_EQ(text.find(path), text.find("/"));
    return text.substr(text.rfind("file.gz"));
  };
  for (const std::size_t size : {std::size_t{15}, packed.size() / 2, packed.size() - 1})
    EXPECT_EQ(message(Bytes(packed.begin(), packed.begin() + std::ptrdiff_t(size)), kNoLimit),
              "file.gz is cut short: its compressed data do not end; get it again")
        << size;
  auto damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // the checksum
  EXPECT_EQ(message(damaged, kNoLimit),
            "file.gz is damaged: it cannot be decompressed; get it again");
  EXPECT_EQ(message(packed, 99999), "file.gz holds more than the 99999 bytes that were expected");
}

}  // namespace
}  // namespace kiln
