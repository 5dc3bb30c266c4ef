// needs: base
#include "kiln/core/text.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(Text, DistancesCountChangesAndSwapsOfNeighbours) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("vea", "vae"), 1u);
  EXPECT_EQ(edit_distance("trian", "train"), 1u);
  EXPECT_EQ(edit_distance("abcd", "badc"), 2u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // no place is changed twice
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(Text, TheNearestIsOffered) {
  EXPECT_EQ(did_you_mean("vea", {"pca", "vae", "aae"}), "; did you mean 'vae'?");
  EXPECT_EQ(did_you_mean("zzzzzz", {"pca", "vae"}), "");
}

TEST(Text, ShellWordsAreQuotedWhereAShellWouldReadMore) {
  EXPECT_EQ(shell_word("mnist:data/a,size=32"), "mnist:data/a,size=32");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("two words; $(x)"), "'two words; $(x)'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace kiln
