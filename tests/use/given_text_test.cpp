// needs: base
#include "kiln/use/given_text.h"

#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::string refusal(const std::string& text) {
  return message_of([&] { parse_given("sample.condition", text); });
}

TEST(GivenText, NamesClassesAndFilesAndSeveralAtOnce) {
  EXPECT_TRUE(parse_given("here", "").empty());
  EXPECT_EQ(parse_given("here", "label=3").label, "3");
  EXPECT_EQ(parse_given("here", "label=ankle boot").label, "ankle boot");
  EXPECT_EQ(parse_given("here", "code=a.npy").codes, "a.npy");
  for (const auto* text : {"label=ankle boot,code=a.npy", "code=a.npy,label=ankle boot"}) {
    const auto both = parse_given("here", text);
    EXPECT_EQ(both.label, "ankle boot");
    EXPECT_EQ(both.codes, "a.npy");
    EXPECT_FALSE(both.empty());
  }
}

TEST(GivenText, ACommaThatNoNameFollowsIsPartOfAName) {
  const auto given = parse_given("here", "label=shirts, striped,code=x,y.csv");
  EXPECT_EQ(given.label, "shirts, striped");
  EXPECT_EQ(given.codes, "x,y.csv");
}

TEST(GivenText, RefusesWhatNamesNothing) {
  const std::string ways =
      "[sample.condition] must be label=N, N the number of a class, label=NAME, or code=FILE of "
      "`kiln encode`, got ";
  for (const auto* text : {"3", "label=", "label=-1", "code=", "colour=red", ",label=3", "label=3,",
                           "label=3, code=a.npy", "label=,code=a.npy"}) {
    EXPECT_EQ(refusal(text), ways + "'" + text + "'");
  }
  EXPECT_EQ(refusal("label=3,label=4"),
            "[sample.condition] asks for label twice in 'label=3,label=4'; leave one of them out");
}

}  // namespace
}  // namespace kiln
