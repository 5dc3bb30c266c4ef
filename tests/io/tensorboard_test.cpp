// needs: base
#include "kiln/io/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/crc32c.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

// A bitwise CRC, independent of the library's table.
std::uint32_t slow_crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) * 0x82f63b78u);
  }
  return crc ^ 0xffffffffu;
}

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

bool crc_matches(std::string_view bytes, std::uint32_t masked) {
  const std::uint32_t turned = masked - 0xa282ead8u;
  return (turned << 15 | turned >> 17) == slow_crc32c(bytes);
}

// Splits a file into events, checking every frame; ends early at a damaged one.
std::vector<std::string> events_of(const std::filesystem::path& path) {
  const std::string file = read_text_file(path);
  std::vector<std::string> events;
  std::size_t at = 0;
  while (at < file.size()) {
    const std::size_t length = u32_at(file, at);
    EXPECT_EQ(u32_at(file, at + 4), 0u);
    EXPECT_TRUE(crc_matches(file.substr(at, 8), u32_at(file, at + 8)));
    events.push_back(file.substr(at + 12, length));
    EXPECT_TRUE(crc_matches(events.back(), u32_at(file, at + 12 + length)));
    at += 16 + length;
  }
  EXPECT_EQ(at, file.size());
  return events;
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

TEST(Crc32c, EqualsTheKnownValues) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);    // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);  // RFC 3720, B.4
  EXPECT_EQ(crc32c("a longer text of no kind"), slow_crc32c("a longer text of no kind"));
}

TEST(Tensorboard, TheBytesOfAScalarAreThoseOfTheFormat) {
  const TemporaryFolder folder;
  TensorboardWriter(folder / "events").scalar("loss", 300, 1.5, 2.0);
  const auto events = events_of(folder / "events");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0], bytes({0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a, 13}) + "brain.Event:2");
  EXPECT_EQ(events[1], bytes({0x09, 0, 0, 0, 0, 0, 0, 0, 0x40}) +  // wall_time = 2.0
                           bytes({0x10, 0xac, 0x02}) +             // step = 300
                           bytes({0x2a, 13, 0x0a, 11}) +           // summary { value {
                           bytes({0x0a, 4}) + "loss" +             // tag
                           bytes({0x15, 0, 0, 0xc0, 0x3f}));       // simple_value = 1.5f
}

TEST(Tensorboard, APictureIsHeldAsPng) {
  const TemporaryFolder folder;
  const Image image{.width = 2, .height = 1, .channels = 1, .pixels = {7, 9}};
  TensorboardWriter(folder / "events").image("samples", 1, image);
  const auto event = events_of(folder / "events").at(1);
  const auto png = event.find("\x89PNG");
  ASSERT_NE(png, std::string::npos);
  EXPECT_NE(event.find(bytes({0x08, 1, 0x10, 2, 0x18, 1, 0x22})), std::string::npos);
  const std::vector<std::uint8_t> file(event.begin() + static_cast<std::ptrdiff_t>(png),
                                       event.end());
  EXPECT_EQ(decode_image("x", file).pixels, image.pixels);
}

TEST(Tensorboard, EqualCallsGiveEqualFilesInOneGoOrTwo) {
  const TemporaryFolder folder;
  {
    TensorboardWriter one(folder / "one");
    for (int step = 0; step < 10; ++step) one.scalar("loss", step, 1.0 / (1 + step));
  }
  for (int step = 0; step < 10; ++step)
    TensorboardWriter(folder / "two").scalar("loss", step, 1.0 / (1 + step));
  EXPECT_EQ(read_text_file(folder / "one"), read_text_file(folder / "two"));
}

TEST(Tensorboard, AHalfWrittenEventIsCutOffBeforeAppending) {
  const TemporaryFolder folder;
  const auto path = folder / "events";
  for (int step = 0; step < 3; ++step) TensorboardWriter(path).scalar("loss", step, step);
  const std::string whole = read_text_file(path);
  const std::size_t two = whole.size() - (whole.size() - 40) / 3;
  for (std::size_t size = two; size < whole.size(); ++size) {
    write_plainly(path, whole.substr(0, size));
    TensorboardWriter(path).scalar("loss", 2, 2);
    ASSERT_EQ(read_text_file(path), whole) << size;
  }
}

TEST(Tensorboard, TruncatingKeepsWhatStandsBeforeTheStep) {
  const TemporaryFolder folder;
  const auto path = folder / "events";
  std::vector<std::string> after;  // the file after each step
  {
    TensorboardWriter writer(path);
    for (const std::int64_t step : {0, 5, 200, 100000}) {
      writer.scalar("a", step, 1);
      writer.scalar("b", step, 2);
      after.push_back(read_text_file(path));
    }
  }
  const std::string garbage = after.back() + "garbage";
  const std::pair<std::int64_t, std::size_t> cases[] = {
      {1000000, 3}, {100000, 3}, {99999, 2}, {200, 2}, {199, 1}, {5, 1}, {4, 0}, {0, 0}};
  for (const auto& [step, kept] : cases) {
    write_plainly(path, garbage);
    truncate_events_after_step(path, step);
    EXPECT_EQ(read_text_file(path), after[kept]) << step;
  }
  EXPECT_NO_THROW(truncate_events_after_step(folder / "missing", 1));
  EXPECT_FALSE(std::filesystem::exists(folder / "missing"));
}

TEST(Tensorboard, ADamagedEventEndsTheFile) {
  const TemporaryFolder folder;
  const auto path = folder / "events";
  TensorboardWriter(path).scalar("loss", 1, 1);
  const std::string good = read_text_file(path);
  const std::size_t first = 16 + 24;
  for (std::size_t at = first; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    write_plainly(path, bad);
    truncate_events_after_step(path, 100);
    EXPECT_EQ(read_text_file(path), good.substr(0, first)) << at;
  }
}

}  // namespace
}  // namespace kiln
