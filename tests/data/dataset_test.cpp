// needs: base
#include "kiln/data/dataset.h"

#include <gtest/gtest.h>

#include <set>

#include "kiln/core/error.h"
#include "tests/data/numbered_items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

std::set<std::int64_t> labels_of(const Dataset& data) {
  std::set<std::int64_t> labels;
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  for (std::int64_t i = 0; i < data.size(); ++i) labels.insert(data.read(i, x));
  return labels;
}

Splits numbered(std::int64_t size) {
  return {.train = std::make_shared<NumberedItems>(size, 1), .valid = nullptr, .test = nullptr};
}

TEST(Dataset, ItemSizeIsTheProductOfTheShape) {
  DataInfo info;
  info.shape = {3, 4, 5};
  EXPECT_EQ(info.item_size(), 60);
  EXPECT_TRUE(info.is_image());
}

TEST(Subset, GivesTheNamedItemsInTheirOrder) {
  const auto part = subset(std::make_shared<NumberedItems>(5, 1), {4, 0, 4});
  std::vector<float> x(1);
  ASSERT_EQ(part->size(), 3);
  EXPECT_EQ(part->read(0, x), 4);
  EXPECT_EQ(x[0], 1.0f);
  EXPECT_EQ(part->read(1, x), 0);
  EXPECT_EQ(part->read(2, x), 4);
}

TEST(Subset, RefusesAnItemThatDoesNotExist) {
  const auto data = std::make_shared<NumberedItems>(5, 1);
  EXPECT_EQ(message_of<ConfigError>([&] { subset(data, {5}); }),
            "[data.subset] item 5 does not exist: numbered has 5 items");
  EXPECT_EQ(message_of<ConfigError>([&] { subset(data, {-1}); }),
            "[data.subset] item -1 does not exist: numbered has 5 items");
}

TEST(Validation, PartsAreDisjointAndTogetherTheWhole) {
  for (const std::int64_t size : {2, 3, 10, 101, 1000}) {
    const auto parts = with_validation(numbered(size), 0.1, 7);
    const auto train = labels_of(*parts.train), valid = labels_of(*parts.valid);
    EXPECT_EQ(parts.valid->size(), std::max<std::int64_t>(1, (size + 5) / 10)) << size;
    EXPECT_EQ(parts.train->size() + parts.valid->size(), size);
    std::set<std::int64_t> all = train;
    all.insert(valid.begin(), valid.end());
    EXPECT_EQ(std::ssize(all), size);
  }
}

TEST(Validation, DependsOnTheSeedAlone) {
  const auto once = labels_of(*with_validation(numbered(100), 0.2, 1).valid);
  EXPECT_EQ(once, labels_of(*with_validation(numbered(100), 0.2, 1).valid));
  EXPECT_NE(once, labels_of(*with_validation(numbered(100), 0.2, 2).valid));
}

TEST(Validation, KeepsASourcesOwnPart) {
  auto splits = numbered(10);
  splits.valid = std::make_shared<NumberedItems>(4, 1);
  const auto parts = with_validation(splits, 0.5, 1);
  EXPECT_EQ(parts.train, splits.train);
  EXPECT_EQ(parts.valid, splits.valid);
}

TEST(Validation, LeavesTrainAtLeastOneItem) {
  const auto parts = with_validation(numbered(2), 0.99, 1);
  EXPECT_EQ(parts.train->size(), 1);
  EXPECT_EQ(parts.valid->size(), 1);
}

TEST(Validation, RefusesASourceOfOneItem) {
  EXPECT_EQ(message_of<ConfigError>([] { with_validation(numbered(1), 0.1, 1); }),
            "[data.validation] numbered has 1 training item(s): too few to set some aside for "
            "validation; add data or name a validation source");
  EXPECT_EQ(message_of<ConfigError>([] { with_validation(numbered(9), 1.0, 1); }),
            "[data.validation] needs a share between 0 and 1, got 1");
}

}  // namespace
}  // namespace kiln
