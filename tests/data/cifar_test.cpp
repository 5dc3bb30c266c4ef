// needs: base
#include "kiln/data/cifar.h"

#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

constexpr std::size_t kPicture = 3072;

// One record: a label, then bytes that count up from `first`.
std::string record(int label, int first) {
  std::string bytes(1, static_cast<char>(label));
  for (std::size_t i = 0; i < kPicture; ++i)
    bytes.push_back(static_cast<char>(static_cast<std::size_t>(first) + i));
  return bytes;
}

Splits open(const std::string& path) { return open_source(parse_source("cifar10:" + path)).splits; }

TEST(Cifar10, ReadsLabelsAndPlanesOfOneFile) {
  const TemporaryFolder folder;
  const auto data = open(folder.write("some.bin", record(3, 0) + record(9, 100))).train;
  EXPECT_EQ(data->info().shape, (std::vector<std::int64_t>{3, 32, 32}));
  EXPECT_EQ(data->info().values, Values::unit);
  EXPECT_EQ(data->info().class_names.at(9), "truck");
  ASSERT_EQ(data->size(), 2);
  std::vector<float> x(kPicture);
  EXPECT_EQ(data->read(1, x), 9);
  for (std::size_t i = 0; i < kPicture; ++i)
    ASSERT_EQ(x[i], static_cast<float>((100 + i) % 256) / 255) << i;
}

TEST(Cifar10, AFoldersBatchesAreTrainInOrderAndItsTestBatchIsTest) {
  const TemporaryFolder folder;
  folder.write("data_batch_2.bin", record(2, 0));
  folder.write("data_batch_1.bin", record(0, 0) + record(1, 0));
  folder.write("test_batch.bin", record(7, 0));
  const auto splits = open(folder.path().string());
  std::vector<float> x(kPicture);
  ASSERT_EQ(splits.train->size(), 3);
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_EQ(splits.train->read(i, x), i);
  EXPECT_EQ(splits.valid, nullptr);
  EXPECT_EQ(splits.test->read(0, x), 7);
}

TEST(Cifar10, RefusesWhatIsNotCifar10) {
  const TemporaryFolder folder;
  const auto message = [](const std::string& path) {
    return message_of<IoError>([&] { open(path); });
  };
  const auto cut = folder.write("cut.bin", record(1, 0).substr(0, 3000));
  EXPECT_EQ(message(cut), "[data.cifar10] " + cut +
                              " is 3000 bytes long, not a whole number of records of 3073; get "
                              "CIFAR-10's binary version (data_batch_1.bin ...)");
  const auto labels = folder.write("labels.bin", record(1, 0) + record(10, 0));
  EXPECT_EQ(message(labels), "[data.cifar10] " + labels +
                                 " has label 10 at record 1, labels go from 0 to 9; is it "
                                 "CIFAR-10's binary version?");
  EXPECT_EQ(message(folder.path().string()),
            "[data.cifar10] " + folder.path().string() +
                " holds no data_batch_*.bin; give the folder of CIFAR-10's binary version, or one "
                "file");
  EXPECT_EQ(
      message((folder / "missing").string()),
      "[data.file] cannot open " + (folder / "missing").string() + ": No such file or directory");
}

}  // namespace
}  // namespace kiln
