// What every row of the registry owes as a description: options, capabilities, recipes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "kiln/registry/models.h"
#include "kiln/train/train_options.h"

namespace kiln {
namespace {

std::shared_ptr<Model> tiny(const ModelEntry& entry) { return make_model(entry, entry.tiny, 1); }

TEST(OptionsContract, UnknownOptionsAreRefusedByName) {
  for (const auto& entry : models()) {
    auto options = entry.tiny;
    options["no_such_option"] = "1";
    try {
      entry.make(options);
      ADD_FAILURE() << entry.name;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("no option 'no_such_option'"), std::string::npos)
          << error.what();
    }
  }
}

TEST(OptionsContract, CapabilitiesOfTheTableAreThoseOfTheType) {
  for (const auto& entry : models())
    EXPECT_EQ(entry.capabilities, capabilities(*tiny(entry))) << entry.name;
}

TEST(OptionsContract, EveryOptionIsDescribed) {
  for (const auto& entry : models())
    for (const auto& field : entry.fields)
      EXPECT_GE(field.help.size(), 5u) << entry.name << "." << field.name;
}

// What is refused before LibTorch is loaded is what the model's own options refuse, in its words.
TEST(OptionsContract, OptionsAreRefusedTheSameByDescriptionAndByStruct) {
  const auto message = [](const std::function<void()>& action) {
    try {
      action();
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (const auto& entry : models())
    for (const auto& field : entry.fields) {
      std::vector<std::string> texts{"x", "", "-1", "0", "1", "0.5", "1e9", "1e99", "auto", "true"};
      if (!field.choices.empty()) texts.push_back(field.choices.back());
      for (const auto& text : texts)
        EXPECT_EQ(message([&] { check_option_text(entry.name, field, text); }), message([&] {
                    entry.complete({{field.name, text}});
                  }))
            << entry.name << " " << field.name << " " << text;
    }
}

// A class that a model does not know is never ignored.
// A recipe sets options that there are, to values that they take; a model that learns by gradients
// has one for whatever it is given.
TEST(OptionsContract, RecipesSetOptionsThatThereAre) {
  for (const auto& entry : models()) {
    for (const auto& recipe : entry.recipes) {
      const auto followed = follow(recipe, entry.fields, {}, {});
      EXPECT_NO_THROW(entry.complete(followed.model)) << entry.name << ", " << recipe.when;
      TrainOptions options;
      EXPECT_NO_THROW(assign("train", options, followed.train)) << entry.name;
    }
    const bool learns = dynamic_cast<Game*>(tiny(entry).get()) != nullptr;
    const auto found = entry.recipe_for(entry.tiny, 48);
    EXPECT_TRUE(found.has_value() || !learns) << entry.name;
    if (!found) continue;
    TrainOptions options;
    assign("train", options, follow(*found, entry.fields, entry.tiny, {}).train);
    EXPECT_TRUE(options.schedule == Schedule::constant || learns) << entry.name;
  }
}

}  // namespace
}  // namespace kiln
