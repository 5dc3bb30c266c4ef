// needs: base
#include "kiln/data/code_files.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kiln/data/source.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/npy.h"
#include "tests/data/synthetic/items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

CodeTable some_codes() {
  return {.rows = 3,
          .columns = 2,
          .z = {0.1f, -2.5f, 1e-7f, 3e8f, std::nextafter(1.0f, 2.0f), 0},
          .labels = {4, 0, 12}};
}

TEST(CodeFiles, CodesComeBackBitForBit) {
  const TemporaryFolder folder;
  for (const auto* name : {"codes.csv", "codes.npz"}) {
    write_codes(folder / name, some_codes());
    const auto back = read_codes(folder / name);
    EXPECT_EQ(back.rows, 3) << name;
    EXPECT_EQ(back.columns, 2) << name;
    EXPECT_EQ(back.z, some_codes().z) << name;
  }
}

TEST(CodeFiles, ATableIsASourceOfDataWithItsLabels) {
  const TemporaryFolder folder;
  write_codes(folder / "codes.csv", some_codes());
  const auto spec = "csv:" + (folder / "codes.csv").string() + ",columns=z0+z1,label=label";
  const auto data = open_source(parse_source(spec)).splits.train;
  EXPECT_EQ(read_item(*data, 0).x, (std::vector<float>{0.1f, -2.5f}));
  EXPECT_EQ(data->info().class_names, (std::vector<std::string>{"0", "4", "12"}));
  EXPECT_EQ(read_item(*data, 2).label, 2);
}

TEST(CodeFiles, TheTableSaysWhatItHolds) {
  const TemporaryFolder folder;
  const auto first_lines = [&](const CodeTable& codes) {
    write_codes(folder / "codes.csv", codes);
    const auto bytes = read_text_file(folder / "codes.csv");
    return bytes.substr(0, bytes.find('\n', bytes.find('\n') + 1));
  };
  EXPECT_EQ(first_lines(some_codes()), "index,z0,z1,label\n0,0.1,-2.5,4");
  auto plain = some_codes();
  plain.labels.clear();
  EXPECT_EQ(first_lines(plain), "index,z0,z1\n0,0.1,-2.5");
}

TEST(CodeFiles, AnArchiveNamesItsArrays) {
  const TemporaryFolder folder;
  write_codes(folder / "a.npz", some_codes());
  EXPECT_EQ(npz_names(folder / "a.npz"), (std::vector<std::string>{"z", "y"}));
  auto plain = some_codes();
  plain.labels.clear();
  write_codes(folder / "b.npz", plain);
  EXPECT_EQ(npz_names(folder / "b.npz"), (std::vector<std::string>{"z"}));
}

TEST(CodeFiles, OtherColumnsAreLeftOutAndTheOrderIsThatOfTheNames) {
  const TemporaryFolder folder;
  write_plainly(folder / "c.csv", "name,z1,z0,z3\n7,1,2,9\n8,3,4,9\n");
  const auto codes = read_codes(folder / "c.csv");
  EXPECT_EQ(codes.columns, 2);
  EXPECT_EQ(codes.z, (std::vector<float>{2, 1, 4, 3}));
}

TEST(CodeFiles, RefusesWhatHoldsNoCodes) {
  const TemporaryFolder folder;
  const auto path = (folder / "a.csv").string(), array = (folder / "a.npz").string();
  write_plainly(path, "index,x\n0,1\n");
  EXPECT_EQ(message_of<IoError>([&] { read_codes(path); }),
            "[codes] " + path +
                " has no column z0; codes stand in columns z0, z1 ..., named in the first line");
  write_npz(array, {{"x", {1, 2}, {1, 2}}});
  EXPECT_TRUE(message_of<Error>([&] { read_codes(array); }).find("'z'") != std::string::npos)
      << message_of<Error>([&] { read_codes(array); });
  write_npz(array, {{"z", {1, 1, 2, 2}, {1, 2, 3, 4}}});
  EXPECT_EQ(message_of<IoError>([&] { read_codes(array); }),
            "[codes] z of " + array + " is no table [items, latents]");
  EXPECT_EQ(message_of<ConfigError>([&] { read_codes("codes.txt"); }),
            "[codes] a file of codes ends in .csv or .npz, got 'codes.txt'");
  auto wrong = some_codes();
  wrong.labels.pop_back();
  EXPECT_EQ(message_of<ShapeError>([&] { write_codes(path, wrong); }),
            "[codes] 6 numbers and 2 labels are no 3 codes of 2 latents");
}

}  // namespace
}  // namespace kiln
