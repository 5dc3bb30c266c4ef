// needs: base
#include "kiln/data/csv.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/data/csv_text.h"
#include "kiln/data/source.h"
#include "tests/data/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Row = std::vector<float>;

DatasetPtr table(const std::string& text, const OptionMap& keys = {}, bool skip_bad = false) {
  CsvOptions options;
  assign("data.csv", options, keys);
  return open_csv("t", memory_bytes("t.csv", {text.begin(), text.end()}), options, skip_bad);
}

std::vector<Row> rows(const Dataset& data) {
  std::vector<Row> all;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    all.emplace_back(static_cast<std::size_t>(data.info().item_size()));
    data.read(i, all.back());
  }
  return all;
}

std::vector<std::int64_t> labels(const Dataset& data) {
  std::vector<std::int64_t> all;
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  for (std::int64_t i = 0; i < data.size(); ++i) all.push_back(data.read(i, x));
  return all;
}

TEST(Csv, ReadsTheSameNumbersWhateverSeparatesThem) {
  const std::vector<Row> expected{{1, -2.5f}, {3e4f, 0.25f}};
  for (const auto* text : {"1,-2.5\n3e4,.25\n", "1;-2.5\r\n3e4;0.25\r\n", "1\t-2.5\n3e4\t+0.25",
                           "  1   -2.5 \n\n 3e4 \t0.25\n \n", "a,b\n1, -2.5\n3e4 ,0.25\n",
                           "\xEF\xBB\xBF\"a\";\"b;c\"\n\"1\";-2.5\n3e4;\"0.25\"\n"}) {
    const auto data = table(text);
    EXPECT_EQ(rows(*data), expected) << text;
    EXPECT_EQ(data->info().shape, std::vector<std::int64_t>{2});
    EXPECT_EQ(data->info().values, Values::real);
    EXPECT_EQ(data->info().classes, 0);
  }
}

TEST(Csv, NamedSeparatorsAreObeyed) {
  EXPECT_EQ(rows(*table("1;2\n", {{"sep", ";"}})), (std::vector<Row>{{1, 2}}));
  EXPECT_EQ(rows(*table("1;2\n", {{"sep", "semicolon"}})), (std::vector<Row>{{1, 2}}));
  EXPECT_EQ(rows(*table("1\t2\n", {{"sep", "tab"}})), (std::vector<Row>{{1, 2}}));
  EXPECT_EQ(rows(*table("1\t2\n", {{"sep", "space"}})), (std::vector<Row>{{1, 2}}));
  EXPECT_EQ(rows(*table("5,1;2\n", {{"sep", "comma"}, {"columns", "0"}})), (std::vector<Row>{{5}}));
}

TEST(Csv, AFirstLineWithoutNumbersNamesTheColumns) {
  EXPECT_EQ(table("a,b\n1,2\n")->info().columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(table("1,2\n3,4\n")->info().columns.empty());
  EXPECT_EQ(table("1,2\n3,4\n", {{"header", "yes"}})->info().columns,
            (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(table("1,2\n3,4\n", {{"header", "yes"}})->size(), 1);
}

TEST(Csv, ColumnsAreChosenByNumberRangeAndName) {
  const std::string text = "a,b,c+d,e\n1,2,3,4\n";
  EXPECT_EQ(rows(*table(text, {{"columns", "e+0"}})), (std::vector<Row>{{4, 1}}));
  EXPECT_EQ(rows(*table(text, {{"columns", "1-2+0"}})), (std::vector<Row>{{2, 3, 1}}));
  EXPECT_EQ(rows(*table(text, {{"columns", "c+d"}})), (std::vector<Row>{{3}}));
  EXPECT_EQ(table(text, {{"columns", "e+0"}})->info().columns,
            (std::vector<std::string>{"e", "a"}));
}

TEST(Csv, LabelsAreNumberedInTheirOrder) {
  const auto grades = table("x,grade\n1,10\n2,9\n3,-1\n4,9\n", {{"label", "grade"}});
  EXPECT_EQ(rows(*grades), (std::vector<Row>{{1}, {2}, {3}, {4}}));
  EXPECT_EQ(grades->info().class_names, (std::vector<std::string>{"-1", "9", "10"}));
  EXPECT_EQ(labels(*grades), (std::vector<std::int64_t>{2, 1, 0, 1}));
  const auto kinds = table("setosa,1\niris,2\nsetosa,3\n", {{"label", "0"}});
  EXPECT_EQ(kinds->info().class_names, (std::vector<std::string>{"iris", "setosa"}));
  EXPECT_EQ(labels(*kinds), (std::vector<std::int64_t>{1, 0, 1}));
  EXPECT_EQ(kinds->info().classes, 2);
}

TEST(Csv, QuotedCellsMayHoldSeparatorsQuotesAndLineEnds) {
  const auto data =
      table("name,x\n\"a,\"\"b\"\"\nc\",1\nplain,2\n", {{"columns", "x"}, {"label", "name"}});
  EXPECT_EQ(rows(*data), (std::vector<Row>{{1}, {2}}));
  EXPECT_EQ(data->info().class_names, (std::vector<std::string>{"a,\"b\"\nc", "plain"}));
}

TEST(Csv, ZerosAndOnesAreBinaryUnlessTheSpecSaysOtherwise) {
  EXPECT_EQ(table("0,1\n1,1\n")->info().values, Values::binary);
  EXPECT_EQ(table("0,1\n1,1\n")->info().levels, 2);
  EXPECT_EQ(table("0,1\n1,1\n", {{"values", "real"}})->info().values, Values::real);
  EXPECT_EQ(table("0,0.5\n", {{"values", "unit"}})->info().values, Values::unit);
  EXPECT_EQ(table("-1,0.5\n", {{"values", "signed_unit"}})->info().values, Values::signed_unit);
  for (const auto* values : {"unit", "signed_unit", "binary"})
    EXPECT_EQ(message_of<ConfigError>([&] {
                table("0,-1\n1.5,0.5\n", {{"values", values}});
              }),
              fmt::format("[data.csv] t.csv holds numbers from -1 to 1.5, which values={} does not "
                          "allow; choose another, or leave it out",
                          values));
}

TEST(Csv, ATableTooLargeForMemoryGivesTheSameRows) {
  std::string text = "n,x,kind\n";
  Philox rng(7);
  for (int i = 0; i < 20000; ++i)  // over 64 KiB, so that records straddle the reader's pieces
    text += fmt::format("{},{},\"k,{}\"\n", i, rng.normal(), rng.below(5));
  const OptionMap keys{{"label", "kind"}};
  auto tight_keys = keys;
  tight_keys["memory"] = "0.00001";
  const auto roomy = table(text, keys), tight = table(text, tight_keys);
  ASSERT_EQ(tight->size(), 20000);
  EXPECT_EQ(rows(*tight), rows(*roomy));
  EXPECT_EQ(labels(*tight), labels(*roomy));
  EXPECT_EQ(rows(*tight)[12345][0], 12345);
}

TEST(Csv, OpensFilesRawAndGzipped) {
  const TemporaryFolder folder;
  const std::string text = "1 2\n3 4\n";
  const Bytes bytes(text.begin(), text.end());
  const std::vector<Row> expected{{1, 2}, {3, 4}};
  for (const auto& path : {folder.write("a.txt", bytes), folder.write("a.gz", gzipped(bytes))})
    EXPECT_EQ(rows(*open_source(parse_source("csv:" + path)).splits.train), expected);
}

// A few bytes of gzip may hold a terabyte without a line.
TEST(Csv, RefusesAnEndlessFirstLineBeforeUnpackingIt) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.csv.gz", gzipped(Bytes((1 << 24) + 1, '0')));
  EXPECT_EQ(
      message_of<IoError>([&] { open_source(parse_source("csv:" + path)); }),
      "[data.csv] " + path + ": its first line has more than 16777216 characters; is it a table?");
}

std::string refusal(const std::string& text, const OptionMap& keys = {}) {
  return message_of<IoError>([&] { table(text, keys); });
}

TEST(Csv, RefusesRaggedRowsNamingTheLine) {
  EXPECT_EQ(refusal("a,b\n1,2\n\n3\n"),
            "[data.csv] t.csv, line 4: 1 cells, the first line has 2; repair the file, name the "
            "separator with sep=, or leave such rows out with --skip-bad");
  EXPECT_EQ(refusal("1,2\n3,4,5\n"),
            "[data.csv] t.csv, line 2: 3 cells, the first line has 2; repair the file, name the "
            "separator with sep=, or leave such rows out with --skip-bad");
}

TEST(Csv, RefusesCellsThatAreNoFiniteNumberNamingLineAndColumn) {
  const std::string remedy =
      "; repair the file, choose others with columns=, or leave such rows out with --skip-bad";
  for (const std::string cell : {"nan", "inf", "-inf", "1e39", "?", "1,5", "0x10", "1 2"})
    EXPECT_EQ(refusal("a;b\n1;2\n3;" + cell + "\n"),
              "[data.csv] t.csv, line 3, column 'b': '" + cell + "' is no finite number" + remedy);
  EXPECT_EQ(refusal("1,2\n,4\n"),
            "[data.csv] t.csv, line 2, column 0 (from 0): the cell is empty" + remedy);
  EXPECT_EQ(refusal("a,b\n1,2\n3,\n", {{"label", "b"}}),
            "[data.csv] t.csv, line 3, column 'b': the label is empty" + remedy);
  EXPECT_EQ(refusal("a,b\n\x1b[2J" + std::string(50, 'x') + ",2\n"),
            "[data.csv] t.csv, line 2, column 'a': '?[2J" + std::string(36, 'x') +
                "...' is no finite number" + remedy);
}

TEST(Csv, LeavesBadRowsOutOnRequestAndCountsThem) {
  const auto data = table("1,2\n3\n4,nan\n5,6\n", {}, true);
  EXPECT_EQ(rows(*data), (std::vector<Row>{{1, 2}, {5, 6}}));
  EXPECT_EQ(data->info().skipped, 2);
  EXPECT_EQ(message_of<IoError>([] { table("a,b\n1,x\n", {}, true); }),
            "[data.csv] t.csv has no sound rows");
}

TEST(Csv, RefusesTablesWithoutRows) {
  EXPECT_EQ(refusal(""), "[data.csv] t.csv is empty");
  EXPECT_EQ(refusal("\n \n"), "[data.csv] t.csv is empty");
  EXPECT_EQ(refusal("a,b\n"), "[data.csv] t.csv has no rows");
}

TEST(Csv, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_EQ(refusal("a,b\n1,2\n\"3,4\n5,6\n"),
            "[data.csv] t.csv, line 3: a quote is opened and never closed");
}

TEST(Csv, RefusesRecordsWithoutEnd) {
  EXPECT_EQ(refusal(std::string((std::size_t{1} << 24) + 100000, '1')),
            "[data.csv] t.csv, line 1: the record is longer than 16 MiB; is it a table?");
}

TEST(Csv, RefusesColumnsThatDoNotExist) {
  const auto message = [](const std::string& text, const OptionMap& keys) {
    return message_of<ConfigError>([&] { table(text, keys); });
  };
  EXPECT_EQ(message("alcohol,acid\n1,2\n", {{"columns", "alcool"}}),
            "[data.csv] t.csv has no column 'alcool'; did you mean 'alcohol'? It has 2 columns: "
            "'alcohol', 'acid'");
  EXPECT_EQ(message("1,2\n", {{"columns", "0-2"}}),
            "[data.csv] t.csv has no column '0-2'. It has 2 columns, counted from 0");
  EXPECT_EQ(message("1,2\n", {{"label", "2"}}),
            "[data.csv] t.csv has no column '2'. It has 2 columns, counted from 0");
  EXPECT_EQ(
      message("1\n", {{"label", "0"}}),
      "[data.csv] t.csv has no columns of numbers: columns=all leaves none besides the label");
}

TEST(CsvText, RecordsKnowTheirLineAndPlace) {
  const std::string text = "a\n\n\"b\nc\" d\ne";
  CsvReader reader(memory_bytes("t", {text.begin(), text.end()}));
  CsvRecord record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.line, 1);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.text, "\"b\nc\" d");
  EXPECT_EQ(record.line, 3);
  EXPECT_EQ(record.offset, 3u);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.text, "e");
  EXPECT_EQ(record.line, 5);
  EXPECT_FALSE(reader.next(record));
}

}  // namespace
}  // namespace kiln
