// needs: base
#include "kiln/graphical/network_file.h"

#include <gtest/gtest.h>

#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

const std::string kRain = "[[node]]\nname = \"Rain\"\nstates = [\"no\", \"yes\"]\n";

std::string refusal(const std::string& text) {
  return message_of<IoError>([&] { parse_network("net.toml", text).law(); });
}

// Line 5 begins a second node with these lines in place of its parents and table.
std::string refusal_of_second(const std::string& rest) {
  return refusal(kRain + "table = [0.8, 0.2]\n[[node]]\nname = \"Wet\"\nstates = 2\n" + rest);
}

TEST(NetworkFile, ReadsNodesParentsAndTables) {
  const auto net = parse_network("net.toml", kRain +
                                                 "table = [0.75, 0.25]\n[[node]]\nname = \"Wet\"\n"
                                                 "states = 3\nparents = [\"Rain\"]\n"
                                                 "table = [[1, 0, 0], [0.5, 0.25, 0.25]]\n")
                       .law();
  EXPECT_EQ(net.dag().node(1).name, "Wet");
  EXPECT_EQ(net.dag().node(1).states, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(net.dag().node(1).parents, (std::vector<std::size_t>{0}));
  EXPECT_EQ(net.table(0), (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(net.table(1), (std::vector<double>{1, 0, 0, 0.5, 0.25, 0.25}));
}

TEST(NetworkFile, ParentsMayStandBelowTheirChildren) {
  const auto dag = parse_network("net.toml",
                                 "[[node]]\nname = \"B\"\nstates = 2\nparents = [\"A\"]\n"
                                 "[[node]]\nname = \"A\"\nstates = 2\n")
                       .dag;
  EXPECT_EQ(dag.node(0).parents, (std::vector<std::size_t>{1}));
  EXPECT_EQ(dag.order(), (std::vector<std::size_t>{1, 0}));
}

TEST(NetworkFile, WhatIsWrittenIsReadBitForBit) {
  const TemporaryFolder folder;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Philox random(derive_key(8, "round trip", seed));
    const auto net = random_law(random_dag(random, 8, 4), random);
    write_network(folder / "net.toml", net);
    const auto again = read_network(folder / "net.toml").law();
    ASSERT_EQ(again.dag().size(), net.dag().size());
    for (std::size_t i = 0; i < net.dag().size(); ++i) {
      EXPECT_EQ(again.dag().node(i).name, net.dag().node(i).name);
      EXPECT_EQ(again.dag().node(i).states, net.dag().node(i).states);
      EXPECT_EQ(again.dag().node(i).parents, net.dag().node(i).parents);
      EXPECT_EQ(again.table(i), net.table(i));
    }
    EXPECT_EQ(to_toml(again), to_toml(net));
  }
}

TEST(NetworkFile, NamesWithBackslashesQuotesAndOtherLettersSurvive) {
  const BayesNet net(Dag({{"caf\xc3\xa9 \\n 'x'", {"\\", "#"}}}), {{0.5, 0.5}});
  const auto again = parse_network("net.toml", to_toml(net)).law();
  EXPECT_EQ(again.dag().node(0).name, net.dag().node(0).name);
  EXPECT_EQ(again.dag().node(0).states, net.dag().node(0).states);
}

TEST(NetworkFile, BrokenGraphsAreRefused) {
  EXPECT_EQ(refusal(""), "[net.toml] holds no [[node]] section; each node needs one");
  EXPECT_EQ(refusal("[node]\nname = \"A\"\n"),
            "[net.toml] holds no [[node]] section; each node needs one");
  EXPECT_EQ(refusal("x = 1\n"),
            "[net.toml] line 1: unknown section 'x'; a network is a list of [[node]] sections");
  EXPECT_EQ(refusal("[[node]]\nstates = 2\n"),
            "[net.toml] line 1: a node has no name; give name = \"...\"");
  EXPECT_EQ(refusal("[[node]]\nname = 3\n"), "[net.toml] line 2: name must be a text in quotes");
  EXPECT_EQ(
      refusal("[[node]]\nname = \"a;b\"\n"),
      "[net.toml] line 2: the name 'a;b' may not hold , ; | = \" or control characters, which "
      "queries and tables need");
  EXPECT_EQ(refusal(kRain + "[[node]]\nname = \"Rain\"\nstates = 2\n"),
            "[net.toml] line 4: there is already a node 'Rain'; rename one");
  EXPECT_EQ(refusal("[[node]]\nname = \"A\"\n"),
            "[net.toml] line 1: node 'A': has no states; give states = [\"no\", \"yes\"]");
  EXPECT_EQ(refusal("[[node]]\nname = \"A\"\nstates = 5000\n"),
            "[net.toml] line 3: node 'A': states must be 1 to 1024, got 5000");
  EXPECT_EQ(refusal("[[node]]\nname = \"A\"\nstates = [1, 2]\n"),
            "[net.toml] line 3: node 'A': states must be a list of texts, or how many there are");
  EXPECT_EQ(refusal("[[node]]\nname = \"A\"\nstates = [\"x\", \"x\"]\n"),
            "[net.toml] line 1: node 'A': has the state 'x' twice");
  EXPECT_EQ(refusal(kRain + "parent = [\"B\"]\n"),
            "[net.toml] line 4: node 'Rain': no field 'parent'; did you mean 'parents'? Fields: "
            "name, states, parents, table");
  EXPECT_EQ(
      refusal_of_second("parents = [\"Rian\"]\n"),
      "[net.toml] line 8: node 'Wet': the parent 'Rian' is no node of this file; did you mean "
      "'Rain'?");
  EXPECT_EQ(refusal_of_second("parents = [\"Something\"]\n"),
            "[net.toml] line 8: node 'Wet': the parent 'Something' is no node of this file; add it "
            "or take it away");
  EXPECT_EQ(refusal_of_second("parents = \"Rain\"\n"),
            "[net.toml] line 8: node 'Wet': parents must be a list of nodes' names");
  EXPECT_EQ(refusal_of_second("parents = [\"Rain\", \"Rain\"]\n"),
            "[net.toml] line 5: node 'Wet': names the parent 'Rain' twice");
  EXPECT_EQ(
      refusal("[[node]]\nname = \"A\"\nstates = 2\nparents = [\"C\"]\n"
              "[[node]]\nname = \"B\"\nstates = 2\nparents = [\"A\"]\n"
              "[[node]]\nname = \"C\"\nstates = 2\nparents = [\"B\"]\n"),
      "[net.toml] line 1: the arrows go in a circle: A -> B -> C -> A; take one of them away");
}

TEST(NetworkFile, BrokenTablesAreRefused) {
  const std::string head = "parents = [\"Rain\"]\n";
  EXPECT_EQ(refusal_of_second(head + "table = [[0.5, 0.5], [0.5, 0.7]]\n"),
            "[net.toml] line 5: node 'Wet': the row of Rain=yes sums to 1.2; its 2 probabilities "
            "must sum to 1");
  EXPECT_EQ(refusal_of_second(head + "table = [[0.5, 0.5], [1.5, -0.5]]\n"),
            "[net.toml] line 5: node 'Wet': in the row of Rain=yes, 0 has the probability 1.5; it "
            "must lie in [0, 1]");
  EXPECT_EQ(refusal_of_second(head + "table = [[0.5, 0.5], [-0.5, 0.5]]\n"),
            "[net.toml] line 5: node 'Wet': in the row of Rain=yes, 0 has the probability -0.5; it "
            "must lie in [0, 1]");
  EXPECT_EQ(refusal_of_second(head + "table = [[0.5, nan], [0.5, 0.5]]\n"),
            "[net.toml] line 5: node 'Wet': in the row of Rain=no, 1 has the probability nan; it "
            "must lie in [0, 1]");
  EXPECT_EQ(refusal_of_second(head + "table = [[0.5, 0.5]]\n"),
            "[net.toml] line 9: node 'Wet': table has 1 rows, it needs 2: one for each setting of "
            "the parents");
  EXPECT_EQ(refusal_of_second(head + "table = [[0.5, 0.5], [1, 0], [1, 0]]\n"),
            "[net.toml] line 9: node 'Wet': table has 3 rows, it needs 2: one for each setting of "
            "the parents");
  EXPECT_EQ(refusal_of_second("table = [[0.5, 0.5], [1, 0]]\n"),
            "[net.toml] line 8: node 'Wet': table has 2 rows, it needs 1: one for each setting of "
            "the parents, of which there are none");
  EXPECT_EQ(
      refusal_of_second(head + "table = [[0.5, 0.5],\n  [0.5]]\n"),
      "[net.toml] line 10: node 'Wet': the row of Rain=yes has 1 numbers, it needs 2: one per "
      "state");
  EXPECT_EQ(refusal_of_second("table = [0.5, 0.25, 0.25]\n"),
            "[net.toml] line 8: node 'Wet': the row has 3 numbers, it needs 2: one per state");
  EXPECT_EQ(refusal_of_second(head + "table = [0.5, 0.5]\n"),
            "[net.toml] line 9: node 'Wet': table must be a list of rows, [[...], [...]], with 2 "
            "numbers each");
  EXPECT_EQ(refusal_of_second("table = [[0.5, \"x\"]]\n"),
            "[net.toml] line 8: node 'Wet': the row holds what is no number");
  EXPECT_EQ(refusal_of_second("table = 1\n"),
            "[net.toml] line 8: node 'Wet': table must be a list of rows, [[...], [...]]");
  EXPECT_EQ(refusal_of_second(""),
            "[net.toml] node 'Wet' has no table; give one, or fit all of them with --fit FILE.csv "
            "-o FILE.toml");
}

TEST(NetworkFile, ATableWhoseSizeOverflowsIsRefusedBeforeItIsMade) {
  std::string text, names;
  for (char c = 'A'; c < 'I'; ++c) {
    text += std::string("[[node]]\nname = \"") + c + "\"\nstates = 256\n";
    names += std::string("\"") + c + "\", ";
  }
  text += "[[node]]\nname = \"X\"\nstates = 2\nparents = [" + names + "]\n";
  EXPECT_EQ(
      refusal(text),
      "[net.toml] line 25: node 'X': its table would have more than 1048576 numbers: 2 states "
      "x 256 of A x 256 of B x 256 of C x 256 of D x 256 of E x 256 of F x 256 of G x 256 of "
      "H; give it fewer parents or fewer states");
}

TEST(NetworkFile, AnErrorOfSyntaxIsNamedWithItsLine) {
  const auto message = refusal(kRain + "table = [0.8, 0.2\n");
  EXPECT_TRUE(message.starts_with("[net.toml] line 4, column 19: ")) << message;
}

TEST(NetworkFile, AFileThatIsMissingIsNamed) {
  EXPECT_EQ(message_of<IoError>([] { read_network("/nowhere/net.toml"); }),
            "[io.read] cannot read '/nowhere/net.toml': No such file or directory");
}

}  // namespace
}  // namespace kiln
