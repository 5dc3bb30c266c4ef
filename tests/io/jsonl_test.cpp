// needs: base
#include "kiln/io/jsonl.h"

#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/csv_writer.h"
#include "tests/io/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

TEST(Jsonl, LinesAreAppendedAcrossOpenings) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  {
    JsonlWriter log(path);
    log.write(R"({"step":1})");
    EXPECT_EQ(read_text_file(path), "{\"step\":1}\n") << "a line is there at once";
    log.write(R"({"step":2})");
  }
  JsonlWriter(path).write(R"({"step":3})");
  EXPECT_EQ(read_text_file(path), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
}

TEST(Jsonl, AHalfWrittenLineIsCutOffBeforeAppending) {
  const TemporaryFolder folder;
  const auto path = folder / "a";
  for (const auto* rest : {"", "{", "{\"step\":2}"}) {
    write_plainly(path, std::string("{\"step\":1}\n") + rest);
    JsonlWriter(path).write("{}");
    EXPECT_EQ(read_text_file(path), "{\"step\":1}\n{}\n");
  }
}

TEST(Jsonl, TruncatingKeepsStepsUpToTheGivenOne) {
  const TemporaryFolder folder;
  const auto path = folder / "a";
  const std::string text =
      "{\"run\":\"x\"}\n{\"step\":1,\"loss\":2.5}\n{\"step\":20}\n{\"step\":3}\n";
  const auto cut = [&](const std::string& end, std::int64_t step) {
    write_plainly(path, text + end);
    truncate_after_step(path, step);
    return read_text_file(path);
  };
  EXPECT_EQ(cut("", 20), text);
  EXPECT_EQ(cut("{\"step\":2", 20), text) << "half a line goes";
  EXPECT_EQ(cut("", 3), "{\"run\":\"x\"}\n{\"step\":1,\"loss\":2.5}\n{\"step\":3}\n");
  EXPECT_EQ(cut("", 0), "{\"run\":\"x\"}\n");
  EXPECT_EQ(message_of<IoError>([&] { cut("oops\n{}\n", 3); }),
            "[jsonl] '" + path.string() + "' line 5 is not a JSON object; repair or remove it");
  EXPECT_NO_THROW(truncate_after_step(folder / "missing", 1));
}

TEST(AppendFile, AFullDeviceIsToldByName) {
  EXPECT_EQ(message_of<IoError>([] { AppendFile("/dev/full").append("x"); }),
            "[io.append] cannot write '/dev/full': No space left on device");
}

TEST(AppendFile, ARecordThatDoesNotFitLeavesNothingBehind) {
  const TemporaryFolder folder;
  AppendFile file(folder / "a");
  file.append(std::string(4000, 'a'));
  {
    const FileSizeLimit full(4096);
    EXPECT_THROW(file.append(std::string(4000, 'b')), IoError);
  }
  EXPECT_EQ(read_text_file(folder / "a"), std::string(4000, 'a'));
  file.append("c");
  EXPECT_EQ(read_text_file(folder / "a"), std::string(4000, 'a') + "c");
}

TEST(CsvFile, NumbersReadBackAndNamesAreQuoted) {
  const TemporaryFolder folder;
  const auto path = folder / "scores.csv";
  write_csv(path, {"index", "log_prob", "a,\"b\""}, {{0, -1.5, 0.1}, {1, 1e-300, 3}});
  EXPECT_EQ(read_text_file(path), "index,log_prob,\"a,\"\"b\"\"\"\n0,-1.5,0.1\n1,1e-300,3\n");
  EXPECT_EQ(message_of<ShapeError>([&] {
              write_csv(path, {"a"}, {{1, 2}});
            }),
            "[csv] a row has 2 numbers for 1 names");
}

}  // namespace
}  // namespace kiln
