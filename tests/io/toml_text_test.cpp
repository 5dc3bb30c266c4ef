// needs: base
#include "kiln/io/toml_text.h"

#include <gtest/gtest.h>

#include <string>

#include "kiln/core/error.h"

namespace kiln {
namespace {

std::string key_of(int parts) {
  std::string key = "a";
  for (int i = 1; i < parts; ++i) key += ".a";
  return key;
}

TEST(TomlText, KeysOfMoreThanAHundredDotsAreRefusedWhereverTheyStand) {
  const auto deep = key_of(102);
  for (const auto& text :
       {deep + " = 1", "[" + deep + "]", "x = {" + deep + " = 1}",
        "# it's \"\"\" '''\n" + deep + " = 1", "x = '''it's''' \n" + deep + " = 1",
        "x = ['''it's''', {" + deep + " = 1}]", "x = [\"\"\"a\"\"\"\"\", {" + deep + " = 1}]",
        "x = [\"a\\\"\", {" + deep + " = 1}]", "x = ['a\\', {" + deep + " = 1}]"})
    EXPECT_THROW(refuse_deep_keys("x", text), IoError) << text;
  try {
    refuse_deep_keys("file", "a = 1\nb = 2\n" + deep + " = 3");
    ADD_FAILURE();
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "[file] line 3: a key has more than 100 parts");
  }
}

TEST(TomlText, DotsOfStringsNumbersAndCommentsAreNoKeys) {
  const std::string dots(500, '.');
  std::string numbers;
  for (int i = 0; i < 500; ++i) numbers += "0.5, ";
  for (const auto& text : {key_of(101) + " = 1", "x = \"" + dots + "\"", "x = '" + dots + "'",
                           "x = \"\"\"\n" + dots + "\n\"\"\"", "x = '''\n'" + dots + "\n'''",
                           "# " + dots, "x = [" + numbers + "]", std::string("x = \"open"),
                           std::string("x = '''open"), std::string()})
    EXPECT_NO_THROW(refuse_deep_keys("x", text)) << text.substr(0, 40);
}

}  // namespace
}  // namespace kiln
