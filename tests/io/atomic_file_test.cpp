// needs: base
#include "kiln/io/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "kiln/core/error.h"
#include "tests/io/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  std::vector<std::uint8_t> bytes(300000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  write_file_atomically(folder / "a", bytes);
  EXPECT_EQ(read_file(folder / "a"), bytes);
  write_file_atomically(folder / "a", std::string_view("short"));
  EXPECT_EQ(read_text_file(folder / "a"), "short");
  write_file_atomically(folder / "a", std::string_view());
  EXPECT_EQ(read_text_file(folder / "a"), "");
  EXPECT_EQ(entries(folder.path()), 1u) << "no temporary file may stay";
}

TEST(AtomicFile, ReadersSeeTheOldFileOrTheNewOne) {
  const TemporaryFolder folder;
  const std::string old_text(200000, 'o'), new_text(100000, 'n');
  write_file_atomically(folder / "a", old_text);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) write_file_atomically(folder / "a", i % 2 ? old_text : new_text);
    done = true;
  });
  while (!done) {
    const auto text = read_text_file(folder / "a");
    EXPECT_TRUE(text == old_text || text == new_text) << text.size();
  }
  writer.join();
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndNoTemporaryOne) {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  write_file_atomically(path, std::string_view("the old file"));
  std::string message;
  {
    const FileSizeLimit full(4096);
    message = message_of<IoError>([&] { write_file_atomically(path, std::string(100000, 'x')); });
  }
  EXPECT_EQ(message, "[io.write] cannot write '" + path.string() + "': File too large");
  EXPECT_EQ(read_text_file(path), "the old file");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, AFullDeviceIsToldByNameWithTheRemedy) {
  EXPECT_EQ(message_of<IoError>([] { write_file_atomically("/dev/full", std::string_view("x")); }),
            "[io.write] cannot write '/dev/full': No space left on device; free some space or "
            "choose another disk");
  EXPECT_TRUE(fs::is_character_file("/dev/full")) << "a device must not be replaced";
}

TEST(AtomicFile, ALinkStaysALink) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "real", std::string_view("old"));
  fs::create_symlink("real", folder / "link");
  write_file_atomically(folder / "link", std::string_view("new"));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text_file(folder / "real"), "new");
}

TEST(AtomicFile, ImpossiblePathsAreRefusedByName) {
  const TemporaryFolder folder;
  const auto missing = folder / "no" / "a";
  EXPECT_EQ(message_of<IoError>([&] { write_file_atomically(missing, std::string_view("x")); }),
            "[io.write] cannot create '" + missing.string() + "': No such file or directory");
  EXPECT_EQ(
      message_of<IoError>([&] { write_file_atomically(folder.path(), std::string_view("x")); }),
      "[io.write] cannot write '" + folder.path().string() + "': Is a directory");
  EXPECT_EQ(message_of<IoError>([&] { read_file(missing); }),
            "[io.read] cannot read '" + missing.string() + "': No such file or directory");
  EXPECT_EQ(message_of<IoError>([&] { read_file(folder.path()); }),
            "[io.read] cannot read '" + folder.path().string() + "': Is a directory");
}

TEST(AtomicFile, AFileLongerThanTheLimitIsRefused) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", std::string(1000, 'x'));
  EXPECT_EQ(read_file(folder / "a", 1000).size(), 1000u);
  EXPECT_EQ(message_of<IoError>([&] { read_file(folder / "a", 999); }),
            "[io.read] '" + (folder / "a").string() + "' is longer than 999 bytes");
  EXPECT_EQ(message_of<IoError>([&] { read_text_file("/dev/zero", 1 << 20); }),
            "[io.read] '/dev/zero' is longer than 1048576 bytes");
}

// Forks a process that locks `folder`, says so and waits to be killed.
pid_t lock_in_another_process(const fs::path& folder) {
  int ready[2];
  if (::pipe(ready) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(folder);
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ::close(ready[1]);
  [[maybe_unused]] const auto heard = ::read(ready[0], &byte, 1);
  ::close(ready[0]);
  return child;
}

TEST(FolderLock, IsRefusedToASecondProcessUntilTheFirstDies) {
  const TemporaryFolder folder;
  const pid_t child = lock_in_another_process(folder.path());
  EXPECT_EQ(message_of<IoError>([&] { const FolderLock lock(folder.path()); }),
            "[io.lock] '" + folder.path().string() +
                "' is in use by another process; wait until it ends");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(const FolderLock lock(folder.path()));
}

TEST(FolderLock, IsExclusiveWithinAProcessAndFreedByItsDestructor) {
  const TemporaryFolder folder;
  {
    const FolderLock first(folder.path());
    EXPECT_THROW(const FolderLock second(folder.path()), IoError);
  }
  EXPECT_NO_THROW(const FolderLock third(folder.path()));
  EXPECT_THROW(const FolderLock lock(folder / "missing"), IoError);
}

}  // namespace
}  // namespace kiln
