// needs: base
#include "kiln/data/source.h"

#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "tests/data/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

std::string message(const std::string& text) {
  return message_of<ConfigError>([&] { open_source(parse_source(text)); });
}

TEST(SourceSpec, ReadsNamePathAndKeys) {
  const auto spec = parse_source("idx:some/file:1 x.gz,memory=1,labels=none");
  EXPECT_EQ(spec.name, "idx");
  EXPECT_EQ(spec.path, "some/file:1 x.gz");
  EXPECT_EQ(spec.keys, (std::map<std::string, std::string>{{"memory", "1"}, {"labels", "none"}}));
  EXPECT_EQ(spec.text(), "idx:some/file:1 x.gz,labels=none,memory=1");
  EXPECT_EQ(parse_source(spec.text()).text(), spec.text());
}

TEST(SourceSpec, EveryKindsExampleReadsBackToItself) {
  for (const auto& kind : source_kinds()) {
    const auto spec = parse_source(kind.example);
    EXPECT_EQ(spec.name, kind.name);
    EXPECT_EQ(parse_source(spec.text()).text(), spec.text()) << kind.example;
    EXPECT_FALSE(kind.help.empty());
  }
}

// A name may hold commas; the longest text that is a file is meant.
TEST(SourceSpec, PathsMayHoldCommas) {
  const TemporaryFolder folder;
  const auto odd = folder.write("a,b=c.csv", "1,2\n");
  const auto spec = parse_source("csv:" + odd + ",label=1");
  EXPECT_EQ(spec.path, odd);
  EXPECT_EQ(spec.keys, (std::map<std::string, std::string>{{"label", "1"}}));
  EXPECT_EQ(parse_source(spec.text()).path, odd);
  const auto plain = folder.write("a", "1,2\n");  // what stands before the comma is a file, too
  EXPECT_EQ(parse_source("csv:" + plain + ",label=1").path, plain);
}

TEST(SourceSpec, OffersTheNearestSource) {
  const auto text = message("mnits:DIR");
  EXPECT_TRUE(
      text.starts_with("[data] no source 'mnits'; did you mean 'mnist'? Sources: digits, shapes"))
      << text;
}

TEST(SourceSpec, RefusesTextThatIsNoSpec) {
  EXPECT_TRUE(message("").starts_with(
      "[data] cannot read '': write a source's name, or name:PATH. Sources: digits, shapes"));
  EXPECT_TRUE(message("data/mnist")
                  .starts_with("[data] cannot read 'data/mnist': a path needs its kind before it, "
                               "as in images:data/mnist. Sources: digits, shapes"));
  EXPECT_EQ(message("mnist"),
            "[data] cannot read 'mnist': mnist needs a path, as in mnist:data/mnist");
  EXPECT_EQ(message("mnist:"),
            "[data] cannot read 'mnist:': mnist needs a path, as in mnist:data/mnist");
  EXPECT_EQ(message("mnist:memory=1"),
            "[data] cannot read 'mnist:memory=1': mnist needs a path, as in mnist:data/mnist");
  EXPECT_EQ(message("mnist:DIR,64"), "[data] cannot read 'mnist:DIR,64': '64' is not key=value");
  EXPECT_EQ(message("mnist:DIR,"), "[data] cannot read 'mnist:DIR,': '' is not key=value");
  EXPECT_EQ(message("mnist:DIR,=1"), "[data] cannot read 'mnist:DIR,=1': '=1' is not key=value");
  EXPECT_EQ(message("mnist:DIR,memory=1,memory=2"),
            "[data] cannot read 'mnist:DIR,memory=1,memory=2': memory= is given twice");
}

TEST(SourceSpec, RefusesUnknownKeysAndOffersTheNearest) {
  EXPECT_EQ(message("idx:FILE,lables=x"),
            "[data.idx] no option 'lables'; did you mean 'labels'? Options: labels, memory, "
            "binarize, dequantize, levels, noise, flip, shift, jitter");
  EXPECT_EQ(message("idx:FILE,binarise=none"),
            "[data.idx] no option 'binarise'; did you mean 'binarize'? Options: labels, memory, "
            "binarize, dequantize, levels, noise, flip, shift, jitter");
}

TEST(SourceSpec, RefusesUnreadableValues) {
  EXPECT_EQ(message("idx:FILE,memory=two"), "[data.idx.memory] needs a number, got 'two'");
  EXPECT_EQ(message("idx:FILE,memory=-1"), "[data.idx.memory] must be between 0 and 65536, got -1");
  EXPECT_EQ(message("idx:FILE,binarize=thresold"),
            "[data.idx.binarize] has no choice 'thresold'; did you mean 'threshold'? Choices: "
            "none, threshold, stochastic");
  EXPECT_EQ(message("idx:FILE,dequantize=maybe"),
            "[data.idx.dequantize] needs true or false, got 'maybe'");
}

TEST(Source, KeepsWhatItsSpecSaysAboutValues) {
  const TemporaryFolder folder;
  const auto path = folder.write("file", idx_bytes({1, 1, 1}, {7}));
  const auto plain = open_source(parse_source("idx:" + path));
  EXPECT_EQ(plain.binarize, std::nullopt);
  EXPECT_FALSE(plain.dequantize);
  EXPECT_EQ(plain.noise, 0);
  const auto source =
      open_source(parse_source("idx:" + path + ",binarize=threshold,dequantize=yes"));
  EXPECT_EQ(source.binarize, Binarize::threshold);
  EXPECT_TRUE(source.dequantize);
  EXPECT_EQ(source.splits.train->info().name, source.spec.text());
  EXPECT_EQ(open_source(parse_source("idx:" + path + ",noise=0.2")).noise, 0.2);
  EXPECT_EQ(open_source(parse_source("bars:size=2,n=4,noise=0.3")).noise, 0.3);
  EXPECT_EQ(message_of([&] { open_source(parse_source("bars:noise=1.5")); }),
            "[data.bars.noise] must be between 0 and 1, got 1.5");
}

}  // namespace
}  // namespace kiln
