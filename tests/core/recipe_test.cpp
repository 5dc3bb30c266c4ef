// needs: base
#include "kiln/core/recipe.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

std::vector<FieldInfo> fields(const std::vector<std::string>& names) {
  std::vector<FieldInfo> list;
  for (const auto& name : names)
    list.push_back({.name = name,
                    .help = "",
                    .type = "integer",
                    .default_value = "1",
                    .low = 0,
                    .high = 9,
                    .from_data = false,
                    .choices = {}});
  return list;
}

const Recipe kRecipe{
    "all", {{"hidden", "200"}, {"batch", "64"}, {"epochs", "30"}, {"least_steps", "500"}}};

TEST(Recipe, FillsInWhatNobodySaid) {
  const auto followed = follow(kRecipe, fields({"hidden", "latent"}), {{"latent", "3"}}, {});
  EXPECT_EQ(followed.model, (OptionMap{{"latent", "3"}, {"hidden", "200"}}));
  EXPECT_EQ(followed.train, (OptionMap{{"batch", "64"}, {"epochs", "30"}, {"least_steps", "500"}}));
  EXPECT_EQ(followed.added, kRecipe.settings);
}

TEST(Recipe, GivesWayToWhatWasSaid) {
  const auto followed =
      follow(kRecipe, fields({"hidden"}), {{"hidden", "7"}}, {{"batch", "9"}, {"seed", "2"}});
  EXPECT_EQ(followed.model, (OptionMap{{"hidden", "7"}}));
  EXPECT_EQ(followed.train,
            (OptionMap{{"batch", "9"}, {"seed", "2"}, {"epochs", "30"}, {"least_steps", "500"}}));
  EXPECT_EQ(followed.added, (OptionMap{{"epochs", "30"}, {"least_steps", "500"}}));
}

// Whoever says how long in one way does not get the recipe's other.
TEST(Recipe, LeavesTheLengthToWhoSaysIt) {
  for (const auto& [name, value] :
       OptionMap{{"steps", "5"}, {"epochs", "2"}, {"least_steps", "3"}}) {
    const auto followed = follow(kRecipe, fields({"hidden"}), {}, {{name, value}});
    EXPECT_EQ(followed.train, (OptionMap{{name, value}, {"batch", "64"}})) << name;
  }
}

TEST(Recipe, ReadsAsFlags) {
  EXPECT_EQ(as_flags({{"minibatch_deviation", "true"}, {"batch", "64"}}),
            "--batch 64 --minibatch-deviation");
  EXPECT_EQ(as_flags({{"direct", "false"}}), "--direct=false");
  EXPECT_EQ(as_flags({}), "");
}

}  // namespace
}  // namespace kiln
