// needs: base
// States: whole numbers 0 .. q - 1 in tables, and grey levels quantised by levels=.
#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "kiln/data/csv.h"
#include "kiln/data/npy_source.h"
#include "kiln/data/source.h"
#include "kiln/io/npy.h"
#include "tests/data/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

DatasetPtr table(const std::string& text, std::optional<Values> values = {}) {
  CsvOptions options;
  options.values = values;
  return open_csv("t", memory_bytes("t.csv", {text.begin(), text.end()}), options, false);
}

DatasetPtr array(const std::vector<std::int64_t>& shape, const std::vector<float>& numbers,
                 std::optional<Values> values = {}) {
  ArrayOptions options;
  options.values = values;
  const auto bytes = encode_npy({.name = "x", .shape = shape, .values = numbers});
  return array_dataset("a", memory_bytes("a.npy", bytes), nullptr, options, false);
}

std::pair<Values, std::int64_t> kind(const DatasetPtr& data) {
  return {data->info().values, data->info().levels};
}

using Kind = std::pair<Values, std::int64_t>;

DataInfo holding(Values values, std::int64_t levels) {
  DataInfo info;
  info.name = "source";
  info.shape = {2};
  info.values = values;
  info.levels = levels;
  return info;
}

TEST(States, ATableOfWholeNumbersHasOneMoreThanItsLargest) {
  EXPECT_EQ(kind(table("0,2\n1,0\n")), (Kind{Values::states, 3}));
  EXPECT_EQ(kind(table("3.0,7\n")), (Kind{Values::states, 8})) << "columns share q";
  EXPECT_EQ(kind(table("0,65535\n")), (Kind{Values::states, 65536}));
  EXPECT_EQ(kind(table("0,65536\n")), (Kind{Values::real, 0}));
  EXPECT_EQ(kind(table("0,-1\n")), (Kind{Values::real, 0}));
  EXPECT_EQ(kind(table("0,2.5\n")), (Kind{Values::real, 0}));
  EXPECT_EQ(kind(table("0,1\n")), (Kind{Values::binary, 2}));
  EXPECT_EQ(kind(table("0,2\n", Values::real)), (Kind{Values::real, 0}));
  EXPECT_EQ(kind(table("0,0\n", Values::states)), (Kind{Values::states, 2}));
}

TEST(States, ArraysFollowTheSameRule) {
  EXPECT_EQ(kind(array({2, 2}, {0, 1, 2, 4})), (Kind{Values::states, 5}));
  EXPECT_EQ(kind(array({1, 2, 2}, {0, 1, 2, 4})), (Kind{Values::states, 5})) << "a picture";
  EXPECT_EQ(kind(array({2, 2}, {0, 1, 2, 4.5f})), (Kind{Values::real, 0}));
  EXPECT_EQ(kind(array({2, 2}, {0, 1, 1, 1})), (Kind{Values::binary, 2}));
}

TEST(States, NumbersThatAreNoneAreRefused) {
  EXPECT_EQ(message_of<ConfigError>([] { table("0,2.5\n", Values::states); }),
            "[data.csv] t.csv holds numbers from 0 to 2.5, which values=states does not allow; "
            "choose another, or leave it out");
}

TEST(States, BytesOfATableAreStatesOnRequest) {
  const TemporaryFolder folder;
  std::string npy("\x93NUMPY\x01\x00", 8);
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }";
  header.resize(117, ' ');
  header += '\n';
  npy += std::string("\x76\x00", 2) + header + std::string("\x00\x03\x01\x02", 4);
  const std::vector<std::uint8_t> bytes(npy.begin(), npy.end());
  ArrayOptions options;
  const auto open = [&] {
    return array_dataset("a", memory_bytes("a.npy", bytes), nullptr, options, false);
  };
  EXPECT_EQ(kind(open()), (Kind{Values::unit, 256}));
  options.values = Values::states;
  EXPECT_EQ(kind(open()), (Kind{Values::states, 4}));
  std::vector<float> x(2);
  open()->read(0, x);
  EXPECT_EQ(x, (std::vector<float>{0, 3}));
}

TEST(States, LevelsQuantiseGreyByRoundingDown) {
  const TemporaryFolder folder;
  const auto path = folder.write("file", idx_bytes({1, 1, 6}, {0, 63, 64, 127, 191, 255}));
  const auto source = open_source(parse_source("idx:" + path + ",levels=4"));
  const auto& data = *source.splits.train;
  EXPECT_EQ(data.info().values, Values::states);
  EXPECT_EQ(data.info().levels, 4);
  EXPECT_EQ(data.info().name, source.spec.text());
  std::vector<float> x(6);
  data.read(0, x);
  EXPECT_EQ(x, (std::vector<float>{0, 0, 1, 1, 2, 3})) << "191 * 4 / 255 = 2.996";
}

TEST(States, LevelsAreRefusedWhereTheyMeanNothing) {
  const auto message = [](const std::string& text) {
    return message_of<ConfigError>([&] { open_source(parse_source(text)); });
  };
  EXPECT_EQ(message("digits:n=4,levels=1"),
            "[data.digits.levels] must be between 2 and 256, got 1");
  EXPECT_EQ(
      message("bars:levels=4"),
      "[data.levels] bars:levels=4,seed=1 holds binary values and levels= quantises grey levels in "
      "[0, 1]; leave levels out");
  EXPECT_EQ(message("digits:binarize=threshold,levels=4"),
            "[data] cannot read 'digits:binarize=threshold,levels=4': levels= goes with neither "
            "binarize= nor dequantize=; choose one");
}

TEST(States, ModelsOfStatesTakeBinaryDataAndFewerStates) {
  for (const auto& [info, needs] :
       {std::pair(holding(Values::binary, 2), ValueSet(Values::states, 2)),
        {holding(Values::binary, 2), ValueSet(Values::states, 5)},
        {holding(Values::states, 4), ValueSet(Values::states, 4)},
        {holding(Values::states, 3), ValueSet(Values::states, 4)},
        {holding(Values::states, 2), ValueSet(Values::binary)},
        {holding(Values::states, 9), ValueSet(Values::real)}}) {
    const auto transform = make_transform(info, needs, std::nullopt, false);
    EXPECT_FALSE(transform.random());
    std::vector<float> x{0, 1};
    Philox rng(1);
    transform.apply(x, rng);
    EXPECT_EQ(x, (std::vector<float>{0, 1}));
  }
  const auto grey =
      make_transform(holding(Values::unit, 256), Values::states, Binarize::threshold, false);
  std::vector<float> x{0.4f, 0.6f};
  Philox rng(1);
  grey.apply(x, rng);
  EXPECT_EQ(x, (std::vector<float>{0, 1}));
}

TEST(States, TheirNumberIsTwoOrThatOfTheLevels) {
  EXPECT_EQ(states_of(holding(Values::binary, 2), {}), 2);
  EXPECT_EQ(states_of(holding(Values::states, 7), {}), 7);
  EXPECT_EQ(states_of(holding(Values::unit, 256), Binarize::stochastic), 2);
}

TEST(States, WhatCannotBeTurnedIsRefusedWithARemedy) {
  const auto message = [](const DataInfo& info, ValueSet needs,
                          std::optional<Binarize> binarize = {}, bool dequantize = false) {
    return message_of<ConfigError>([&] { make_transform(info, needs, binarize, dequantize); });
  };
  const auto four = holding(Values::states, 4);
  EXPECT_EQ(message(four, Values::binary),
            "[data] source holds 4 states and the model needs binary values; choose a model of "
            "states, or give grey data with binarize= or levels=2");
  EXPECT_EQ(message(four, Values::unit),
            "[data] source holds 4 states and the model needs grey levels; choose a model of "
            "states or of real numbers, or give grey data (without levels=)");
  EXPECT_EQ(message(four, {Values::states, 3}),
            "[data] source holds 4 states and the model knows 3; train a model on data with all "
            "of them, or give data with at most 3");
  EXPECT_EQ(message(four, {Values::states, 4}, Binarize::threshold),
            "[data] source holds states, which binarize= cannot turn into 0 and 1; leave it out");
  EXPECT_EQ(message(four, Values::real, {}, true),
            "[data] source holds states, and dequantize= adds noise to grey levels; leave it out");
  EXPECT_EQ(message(holding(Values::unit, 256), Values::states),
            "[data] source holds grey levels and the model needs states; add levels=Q (2 to 256), "
            "binarize=threshold or binarize=stochastic to the SPEC");
  EXPECT_EQ(message(holding(Values::binary, 2), Values::states, {}, true),
            "[data] source cannot be dequantized for a model of states; leave dequantize out");
  EXPECT_EQ(message(holding(Values::real, 0), Values::states),
            "[data] source holds real numbers and the model needs states, whole numbers from 0 to "
            "at most 65535; number the states so, or choose a model of real numbers");
}

TEST(States, AreShownFromBlackToWhite) {
  EXPECT_EQ(ValueSet(Values::states, 4).high(), 3.0f);
  EXPECT_EQ(ValueSet(Values::states, 4).low(), 0.0f);
  EXPECT_EQ(ValueSet(Values::signed_unit).low(), -1.0f);
  EXPECT_EQ(ValueSet(Values::unit).high(), 1.0f);
}

}  // namespace
}  // namespace kiln
