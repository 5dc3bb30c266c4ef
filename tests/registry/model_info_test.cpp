// needs: base
#include "kiln/registry/model_info.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace kiln {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<ModelInfo> two_models() {
  return {{.name = "first",
           .title = "A \"quoted\" title\nof two lines",
           .paper = "Müller 2020",
           .fields = {{.name = "hidden",
                       .help = "how many",
                       .type = "integer",
                       .default_value = "500",
                       .low = 1,
                       .high = kInfinity,
                       .from_data = false,
                       .choices = {}},
                      {.name = "decoder",
                       .help = "",
                       .type = "choice",
                       .default_value = "gaussian",
                       .low = -kInfinity,
                       .high = kInfinity,
                       .from_data = true,
                       .choices = {"gaussian", "logistic"}}},
           .capabilities = {"sampler", "bound"},
           .recipes = {{"pictures", {{"batch", "64"}, {"latent", "8"}}}, {"all", {}}}},
          {.name = "second",
           .title = "",
           .paper = "",
           .fields = {},
           .capabilities = {},
           .recipes = {}}};
}

TEST(ModelInfo, ReadsBackWhatItWrote) {
  const auto wrote = two_models(), read = model_infos_from_json(to_json(wrote));
  ASSERT_EQ(read.size(), wrote.size());
  for (std::size_t i = 0; i < wrote.size(); ++i) {
    EXPECT_EQ(read[i].name, wrote[i].name);
    EXPECT_EQ(read[i].title, wrote[i].title);
    EXPECT_EQ(read[i].paper, wrote[i].paper);
    EXPECT_EQ(read[i].capabilities, wrote[i].capabilities);
    ASSERT_EQ(read[i].recipes.size(), wrote[i].recipes.size());
    for (std::size_t k = 0; k < wrote[i].recipes.size(); ++k) {
      EXPECT_EQ(read[i].recipes[k].when, wrote[i].recipes[k].when);
      EXPECT_EQ(read[i].recipes[k].settings, wrote[i].recipes[k].settings);
    }
    ASSERT_EQ(read[i].fields.size(), wrote[i].fields.size());
    for (std::size_t k = 0; k < wrote[i].fields.size(); ++k) {
      const auto &a = read[i].fields[k], &b = wrote[i].fields[k];
      EXPECT_EQ(a.name, b.name);
      EXPECT_EQ(a.help, b.help);
      EXPECT_EQ(a.type, b.type);
      EXPECT_EQ(a.default_value, b.default_value);
      EXPECT_EQ(a.low, b.low);
      EXPECT_EQ(a.high, b.high);
      EXPECT_EQ(a.from_data, b.from_data);
      EXPECT_EQ(a.choices, b.choices);
    }
  }
}

TEST(ModelInfo, RefusesWhatIsNoTable) {
  const auto whole = to_json(two_models());
  for (const std::string& text :
       {std::string(""), whole.substr(0, whole.size() / 2), std::string("[{}]"),
        std::string(R"([{"name": 3, "title": "", "paper": "", "capabilities": [], "fields": []}])"),
        std::string("{\"a\": 1}")})
    EXPECT_THROW(model_infos_from_json(text), IoError) << text.substr(0, 40);
}

}  // namespace
}  // namespace kiln
