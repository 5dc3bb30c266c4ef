// needs: base
#include "kiln/data/stacked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <thread>

#include "kiln/core/error.h"
#include "tests/data/idx_files.h"
#include "tests/data/synthetic/items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

Splits open_text(const std::string& text, std::uint64_t seed = 1) {
  return open_source(parse_source(text), {.seed = seed}).splits;
}

std::string message(const std::string& text) {
  return message_of<ConfigError>([&] { open_text(text); });
}

// Ten 1 x 2 images of class 0 .. 9; that of class c holds the bytes from + 2 c and from + 2 c + 1.
void write_part(const TemporaryFolder& folder, const std::string& part, int from) {
  Bytes pixels, labels;
  for (int i = 0; i < 20; ++i) pixels.push_back(static_cast<std::uint8_t>(from + i));
  for (int i = 0; i < 10; ++i) labels.push_back(static_cast<std::uint8_t>(i));
  folder.write(part + "-images-idx3-ubyte", idx_bytes({10, 1, 2}, pixels));
  folder.write(part + "-labels-idx1-ubyte", idx_bytes({10}, labels));
}

// Train, valid and test have no byte in common.
std::string ten_items(const TemporaryFolder& folder) {
  write_part(folder, "train", 0);
  write_part(folder, "valid", 100);
  write_part(folder, "t10k", 200);
  return "stacked:mnist:" + folder.path().string();
}

std::size_t class_of(const Item& item) { return static_cast<std::size_t>(item.label); }

std::array<std::size_t, 3> digits_of(const Item& item) {
  return {class_of(item) / 100, class_of(item) / 10 % 10, class_of(item) % 10};
}

TEST(Stacked, IsAnImageOfThreePlanesAndAThousandClasses) {
  const auto splits = open_text("stacked:digits");
  EXPECT_EQ(splits.train->size(), 60000);
  EXPECT_EQ(splits.valid->size(), 1000);
  EXPECT_EQ(splits.test->size(), 10000);
  const auto& info = splits.train->info();
  EXPECT_EQ(info.name, "stacked:digits,seed=1");
  EXPECT_EQ(info.shape, (std::vector<std::int64_t>{3, 28, 28}));
  EXPECT_EQ(info.values, Values::unit);
  EXPECT_EQ(info.levels, 256);
  EXPECT_EQ(info.classes, 1000);
  ASSERT_EQ(info.class_names.size(), 1000u);
  EXPECT_EQ(info.class_names[314], "3 1 4");
}

TEST(Stacked, EachPlaneIsAnInnerItemBitForBitAndNamesADigitOfTheClass) {
  const auto inner = read_items(*open_text("digits:n=50").train, 50);
  for (const auto& item : read_items(*open_text("stacked:digits,of.n=50").train, 300)) {
    const auto digits = digits_of(item);
    for (std::size_t plane = 0; plane < 3; ++plane) {
      const auto first = item.x.begin() + static_cast<std::ptrdiff_t>(784 * plane);
      const Item one{{first, first + 784}, static_cast<std::int64_t>(digits[plane])};
      EXPECT_NE(std::find(inner.begin(), inner.end(), one), inner.end()) << item.label << plane;
    }
  }
}

// Ten items of ten classes: every triple of items is a class, and the 1000 are equally likely.
TEST(Stacked, TriplesAreDrawnIndependentlyAndUniformly) {
  const TemporaryFolder folder;
  const auto data = open_text(ten_items(folder) + ",n=100000").train;
  std::array<int, 1000> counts{};
  for (const auto& item : read_items(*data, data->size())) {
    ++counts.at(class_of(item));
    const auto digits = digits_of(item);
    for (std::size_t k = 0; k < 6; ++k)
      ASSERT_EQ(item.x[k], static_cast<float>(2 * digits[k / 2] + k % 2) / 255.0f);
  }
  const double expected = 100;
  for (const int count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected * 0.999));
  EXPECT_LT(chi_square(counts, expected), chi_square_limit(999));
}

TEST(Stacked, ItemsOfAPartComeFromTheInnerPartOfThatName) {
  const TemporaryFolder folder;
  const auto splits = open_text(ten_items(folder) + ",n=500,valid=500,test=500");
  const auto check = [](const Dataset& data, int from) {
    ASSERT_EQ(data.size(), 500);
    for (const auto& item : read_items(data, 500))
      for (const float value : item.x) {
        ASSERT_GE(std::lround(value * 255), from);
        ASSERT_LT(std::lround(value * 255), from + 20);
      }
  };
  check(*splits.train, 0);
  check(*splits.valid, 100);
  check(*splits.test, 200);
  // Parts of as many items draw from streams of their own.
  const auto train = read_items(*splits.train, 500), test = read_items(*splits.test, 500);
  int equal = 0;
  for (std::size_t i = 0; i < 500; ++i) equal += train[i].label == test[i].label;
  EXPECT_LT(equal, 5);  // 0.5 are expected
}

TEST(Stacked, APartThatTheInnerSourceLacksIsLackingHere) {
  const TemporaryFolder folder;
  write_part(folder, "train", 0);
  const auto spec = "stacked:mnist:" + folder.path().string();
  const auto splits = open_text(spec + ",n=7,test=0");
  EXPECT_EQ(splits.train->size(), 7);
  EXPECT_EQ(splits.valid, nullptr);
  EXPECT_EQ(splits.test, nullptr);
  EXPECT_EQ(message(spec + ",valid=5"), "[data.stacked] mnist:" + folder.path().string() +
                                            " has no valid part to stack; leave valid= out");
  write_part(folder, "t10k", 200);
  EXPECT_EQ(open_text(spec).test->size(), 10000);
  EXPECT_EQ(open_text(spec + ",test=0").test, nullptr);
}

TEST(Stacked, ItemsDependOnSpecSeedAndNumberAlone) {
  const auto few = open_text("stacked:digits,n=20"), many = open_text("stacked:digits,n=5000");
  const auto items = read_items(*few.train, 20);
  EXPECT_EQ(read_items(*many.train, 20), items);
  EXPECT_EQ(read_items(*few.train, 20), items);
  EXPECT_EQ(read_items(*open_text("stacked:digits,n=20,seed=1", 2).train, 20), items);
  EXPECT_NE(read_items(*open_text("stacked:digits,n=20", 2).train, 20), items);
  EXPECT_EQ(read_items(*open_text(few.train->info().name, 7).train, 20), items);
}

TEST(Stacked, TheInnerSourceHasTheSameSeedUnlessItsOwnIsSaid) {
  const auto classes = [](const std::string& text) {
    std::vector<std::int64_t> list;
    for (const auto& item : read_items(*open_text(text).train, 50)) list.push_back(item.label);
    return list;
  };
  EXPECT_EQ(classes("stacked:digits,seed=3"), classes("stacked:digits,seed=3,of.seed=3"));
  EXPECT_NE(classes("stacked:digits,seed=3"), classes("stacked:digits,seed=3,of.seed=4"));
  EXPECT_NE(classes("stacked:digits,seed=4,of.seed=3"), classes("stacked:digits,seed=3"));
}

TEST(Stacked, ThreadsReadTheSameItemsAtTheSameTime) {
  const auto expected = read_items(*open_text("stacked:digits").train, 200);
  const auto data = open_text("stacked:digits").train;
  std::array<std::vector<Item>, 4> seen;
  std::vector<std::thread> threads;
  for (auto& items : seen)
    threads.emplace_back([&items, &data] { items = read_items(*data, 200); });
  for (auto& thread : threads) thread.join();
  for (const auto& items : seen) EXPECT_EQ(items, expected);
}

TEST(Stacked, ASpecReadsBackToItself) {
  const auto spec = parse_source("stacked:mnist:some/DIR,of.memory=1,n=5,binarize=none");
  EXPECT_EQ(spec.path, "mnist:some/DIR");
  EXPECT_EQ(spec.text(), "stacked:mnist:some/DIR,binarize=none,n=5,of.memory=1");
  EXPECT_EQ(parse_source(spec.text()).text(), spec.text());
}

TEST(Stacked, CommonKeysChangeTheStack) {
  const auto source =
      open_source(parse_source("stacked:digits,binarize=threshold,noise=0.25"), {.seed = 1});
  EXPECT_EQ(source.binarize, Binarize::threshold);
  EXPECT_EQ(source.noise, 0.25);
  EXPECT_TRUE(open_source(parse_source("stacked:digits,dequantize=true"), {.seed = 1}).dequantize);
  const auto grey = read_item(*open_text("stacked:digits").train, 3);
  const auto states = open_text("stacked:digits,levels=4").train;
  EXPECT_EQ(states->info().values, Values::states);
  EXPECT_EQ(states->info().classes, 1000);
  const auto item = read_item(*states, 3);
  for (std::size_t k = 0; k < item.x.size(); ++k)
    ASSERT_EQ(item.x[k], std::min(std::floor(grey.x[k] * 4), 3.0f));
}

TEST(Stacked, RefusesSourcesThatAreNoTenClassesOfGreyImages) {
  EXPECT_EQ(message("stacked:ring8"),
            "[data.stacked] stacks grey images; the items of ring8 have shape [2]");
  EXPECT_EQ(message("stacked:shapes,of.size=16"),
            "[data.stacked] stacks grey images; those of shapes:size=16 have 3 channels");
  EXPECT_EQ(message("stacked:bars"), "[data.stacked] needs 10 classes; bars has 2");
  EXPECT_EQ(message("stacked:stacked:digits"),
            "[data.stacked] stacks grey images; stacked ones have colours already");
  const TemporaryFolder folder;
  const auto images = folder.write("file", idx_bytes({1, 1, 1}, {7}));
  EXPECT_EQ(message("stacked:idx:" + images),
            "[data.stacked] needs 10 classes; idx:" + images + " has no labels");
}

TEST(Stacked, RefusesKeysInTheWrongPlace) {
  EXPECT_EQ(message("stacked"),
            "[data] cannot read 'stacked': stacked needs a source, as in stacked:digits,n=25600");
  EXPECT_EQ(message("stacked:n=5"),
            "[data] cannot read 'stacked:n=5': stacked needs a source, as in "
            "stacked:digits,n=25600");
  EXPECT_EQ(message("stacked:digits:n=5"),
            "[data.stacked] the first key of digits follows a comma and begins with of.: got "
            "'digits:n=5'");
  EXPECT_EQ(message("stacked:mnist:DIR,memory=1"),
            "[data.stacked] 'memory' is a key of mnist: write of.memory=1");
  EXPECT_EQ(message("stacked:digits,of.levels=4"),
            "[data.stacked] values are changed once they are stacked: write levels=, not "
            "of.levels=");
  EXPECT_EQ(message("stacked:digits,sed=4"),
            "[data.stacked] no option 'sed'; did you mean 'seed'? Options: n, valid, test, seed, "
            "binarize, dequantize, levels, noise, flip, shift, jitter");
  EXPECT_EQ(message("stacked:digits,of.sed=4"),
            "[data.digits] no option 'sed'; did you mean 'seed'? Options: n, valid, test, seed, "
            "binarize, dequantize, levels, noise, flip, shift, jitter");
  EXPECT_EQ(message("stacked:digits,n=0"),
            "[data.stacked.n] must be between 1 and 1000000000, got 0");
}

}  // namespace
}  // namespace kiln
