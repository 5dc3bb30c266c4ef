// needs: base
#include "kiln/data/idx.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "tests/data/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

// Three images of 1 x 2.
Bytes grey_images() { return idx_bytes({3, 1, 2}, {0, 51, 102, 153, 204, 255}); }
Bytes black_and_white() { return idx_bytes({3, 1, 2}, {0, 255, 0, 0, 255, 255}); }
Bytes labels() { return idx_bytes({3}, {2, 0, 1}); }

Source open(const std::string& spec) { return open_source(parse_source(spec)); }

std::vector<float> item(const Dataset& data, std::int64_t index) {
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  data.read(index, x);
  return x;
}

std::string message(const std::string& spec) {
  return message_of<IoError>([&] { open(spec); });
}

TEST(Idx, BytesBecomeGreyLevels) {
  const TemporaryFolder folder;
  for (const auto& bytes : {grey_images(), gzipped(grey_images())}) {
    const auto spec = "idx:" + folder.write("file", bytes);
    const auto data = open(spec).splits.train;
    EXPECT_EQ(data->info().name, spec);
    EXPECT_EQ(data->info().shape, (std::vector<std::int64_t>{1, 1, 2}));
    EXPECT_EQ(data->info().values, Values::unit);
    EXPECT_EQ(data->info().levels, 256);
    EXPECT_EQ(data->info().classes, 0);
    ASSERT_EQ(data->size(), 3);
    EXPECT_EQ(item(*data, 0), (std::vector<float>{0, 0.2f}));
    EXPECT_EQ(item(*data, 2), (std::vector<float>{0.8f, 1}));
    std::vector<float> x(2);
    EXPECT_EQ(data->read(0, x), -1);
  }
}

TEST(Idx, BlackAndWhiteIsBinaryOnlyIfEveryByteIs) {
  const auto info = idx_dataset("", memory_bytes("m", black_and_white()), nullptr)->info();
  EXPECT_EQ(info.values, Values::binary);
  EXPECT_EQ(info.levels, 2);
  for (std::size_t pixel = 0; pixel < 6; ++pixel) {
    auto one_grey = black_and_white();
    one_grey[16 + pixel] = 254;
    EXPECT_EQ(idx_dataset("", memory_bytes("m", one_grey), nullptr)->info().values, Values::unit);
  }
}

TEST(Idx, PartsAreBinaryTogetherOrNotAtAll) {
  const TemporaryFolder folder;
  for (const bool grey_train : {false, true}) {
    folder.write("train-images-idx3-ubyte", grey_train ? grey_images() : black_and_white());
    folder.write("t10k-images-idx3-ubyte", grey_train ? black_and_white() : grey_images());
    const auto splits = open("mnist:" + folder.path().string()).splits;
    EXPECT_EQ(splits.train->info().values, Values::unit);
    EXPECT_EQ(splits.test->info().values, Values::unit);
  }
}

TEST(Idx, FindsLabelsByTheUsualNamesOrByKey) {
  const TemporaryFolder folder;
  const auto images = folder.write("a-images-idx3-ubyte.gz", gzipped(grey_images()));
  const auto beside = folder.write("a-labels-idx1-ubyte", labels());
  const auto other = folder.write("other", idx_bytes({3}, {5, 5, 5}));
  std::vector<float> x(2);
  const auto found = open("idx:" + images).splits.train;
  EXPECT_EQ(found->info().classes, 3);
  EXPECT_EQ(found->read(0, x), 2);
  EXPECT_EQ(found->read(2, x), 1);
  EXPECT_EQ(open("idx:" + images + ",labels=" + other).splits.train->info().classes, 6);
  EXPECT_EQ(open("idx:" + images + ",labels=none").splits.train->info().classes, 0);
}

TEST(Mnist, OpensThePartsThatAFolderHas) {
  const TemporaryFolder folder;
  folder.write("train-images.idx3-ubyte", grey_images());
  folder.write("train-labels.idx1-ubyte", labels());
  folder.write("valid-images-idx3-ubyte.gz", gzipped(grey_images()));
  const auto spec = "mnist:" + folder.path().string();
  auto splits = open(spec).splits;
  EXPECT_EQ(splits.train->info().classes, 3);
  EXPECT_EQ(splits.valid->info().classes, 0);
  EXPECT_EQ(splits.test, nullptr);
  folder.write("t10k-images-idx3-ubyte", idx_bytes({1, 1, 2}, {7, 7}));
  splits = open(spec).splits;
  EXPECT_EQ(splits.test->size(), 1);
}

TEST(Idx, LargerThanTheMemoryLimitIsReadFromDisk) {
  const TemporaryFolder folder;
  Bytes pixels(100 * 28 * 28);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * i >> 3);
  const auto path = folder.write("file.gz", gzipped(idx_bytes({100, 28, 28}, pixels)));
  const auto roomy = open("idx:" + path).splits.train;
  const auto tight = open("idx:" + path + ",memory=0.000001").splits.train;
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_EQ(item(*tight, i), item(*roomy, i));
}

TEST(Idx, RefusesMissingPaths) {
  const TemporaryFolder folder;
  const auto missing = (folder / "missing").string();
  EXPECT_EQ(message("idx:" + missing),
            "[data.file] cannot open " + missing + ": No such file or directory");
  EXPECT_EQ(message("mnist:" + missing), "[data.mnist] there is no folder " + missing);
  EXPECT_EQ(message("mnist:" + folder.path().string()),
            "[data.mnist] " + folder.path().string() +
                " holds no train-images-idx3-ubyte (nor .gz); give the folder of MNIST's files, or "
                "one file with idx:FILE");
}

TEST(Idx, RefusesATruncatedGzip) {
  const TemporaryFolder folder;
  const auto packed = gzipped(grey_images());
  const auto path = folder.write("file.gz", Bytes(packed.begin(), packed.end() - 9));
  EXPECT_EQ(message("idx:" + path), "[data.gzip] " + path +
                                        " is cut short: its compressed data do not end; get it "
                                        "again");
}

TEST(Idx, RefusesFilesOfAnotherFormat) {
  const TemporaryFolder folder;
  const auto told = [&](Bytes bytes) {
    const auto path = folder.write("file", bytes);
    const auto text = message("idx:" + path);
    EXPECT_TRUE(text.starts_with("[data.idx] " + path + " ")) << text;
    return text.substr(std::min(text.size(), 12 + path.size()));
  };
  EXPECT_EQ(told({}), "is no IDX file: it does not begin with two zero bytes");
  EXPECT_EQ(told({0x89, 'P', 'N', 'G'}), "is no IDX file: it does not begin with two zero bytes");
  EXPECT_EQ(told({0, 0, 0x0D, 3}),
            "is no IDX file of bytes: its type is 0x0d, only 0x08 (unsigned bytes) is read");
  EXPECT_EQ(told({0, 0, 8, 0}), "has 0 dimensions, 1 to 4 are read");
  EXPECT_EQ(told({0, 0, 8, 200}), "has 200 dimensions, 1 to 4 are read");
  EXPECT_EQ(told({0, 0, 8, 3, 0, 0}), "is cut short: 6 bytes, its header alone takes 16");
  EXPECT_EQ(told(labels()), "has 1 dimensions (sizes 3), images have 3: items, height, width");
  EXPECT_EQ(told(idx_bytes({0, 1, 2}, {})), "holds no images");
  EXPECT_EQ(told(idx_bytes({3, 0, 2}, {})), "holds images of impossible size 0 x 2");
}

TEST(Idx, RefusesHeadersThatOverflowOrPromiseMoreThanTheFileHolds) {
  const TemporaryFolder folder;
  const std::uint32_t large = 0xFFFFFFFF;
  for (const auto& sizes : {std::vector<std::uint32_t>{large, large, large},
                            std::vector<std::uint32_t>{large, large, 1, 0}}) {
    const auto path = folder.write("file", idx_bytes(sizes, {1, 2}));
    EXPECT_EQ(message("idx:" + path), "[data.idx] " + path +
                                          " has an impossible header: the product of its sizes "
                                          "overflows");
  }
  const auto raw = folder.write("raw", idx_bytes({4, 1, 2}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(message("idx:" + raw), "[data.idx] " + raw +
                                       " is 22 bytes long, but its header announces 24 (sizes 4 x "
                                       "1 x 2); get it again");
  const auto longer = folder.write("longer", idx_bytes({2, 1, 2}, {1, 2, 3, 4, 5}));
  EXPECT_EQ(message("idx:" + longer), "[data.idx] " + longer +
                                          " is 21 bytes long, but its header announces 20 (sizes "
                                          "2 x 1 x 2); get it again");
  const auto packed = folder.write("packed", gzipped(idx_bytes({4, 1, 2}, {1, 2, 3, 4, 5, 6})));
  EXPECT_EQ(message("idx:" + packed), "[data.idx] " + packed +
                                          " is 22 bytes long, but its header announces 24 (sizes "
                                          "4 x 1 x 2); get it again");
  const auto bomb = folder.write("bomb", gzipped(idx_bytes({2000000, 28, 28}, {1})));
  EXPECT_EQ(message("idx:" + bomb), "[data.idx] " + bomb +
                                        " cannot hold the 1568000016 bytes that its header "
                                        "announces (sizes 2000000 x 28 x 28); get it again");
}

TEST(Idx, RefusesLabelsThatDoNotFit) {
  const TemporaryFolder folder;
  const auto images = folder.write("images", grey_images());
  const auto two = folder.write("two", idx_bytes({2}, {0, 1}));
  EXPECT_EQ(message("idx:" + images + ",labels=" + two),
            "[data.idx] " + two + " holds 2 labels, but " + images +
                " holds 3 images; they do not belong together");
  EXPECT_EQ(message("idx:" + images + ",labels=" + images),
            "[data.idx] " + images + " has 3 dimensions, labels have 1; name a label file");
}

TEST(Mnist, RefusesPartsOfDifferentSizes) {
  const TemporaryFolder folder;
  const auto train = folder.write("train-images-idx3-ubyte", grey_images());
  const auto test = folder.write("test-images-idx3-ubyte", idx_bytes({1, 2, 2}, {0, 0, 0, 9}));
  EXPECT_EQ(message("mnist:" + folder.path().string()), "[data.idx] " + test +
                                                            " holds images of 2 x 2, but " + train +
                                                            " of 1 x 2; parts of one source agree");
}

}  // namespace
}  // namespace kiln
