// needs: base
#include "kiln/data/npy_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "kiln/io/npy.h"
#include "tests/data/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Row = std::vector<float>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// A .npy of single bytes: dtype |u1, |i1 or |b1.
Bytes byte_array(const std::string& dtype, const std::string& shape, const Bytes& data) {
  auto dict = "{'descr': '" + dtype + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  dict.resize(117, ' ');
  const auto start = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dict + "\n";
  Bytes bytes(start.begin(), start.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Bytes floats(const std::vector<std::int64_t>& shape, const Row& values) {
  return encode_npy({.name = "x", .shape = shape, .values = values});
}

DatasetPtr array(const Bytes& bytes, const OptionMap& keys = {}, bool skip_bad = false) {
  ArrayOptions options;
  assign("data.npy", options, keys);
  return array_dataset("a", memory_bytes("a.npy", bytes), nullptr, options, skip_bad);
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
  Row x(static_cast<std::size_t>(data.info().item_size()));
  for (std::int64_t i = 0; i < data.size(); ++i) all.push_back(data.read(i, x));
  return all;
}

std::string refusal(const Bytes& bytes, const OptionMap& keys = {}) {
  return message_of<IoError>([&] { array(bytes, keys); });
}

TEST(NpySource, TheFirstAxisCountsItems) {
  const auto table = array(floats({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(table->info().shape, std::vector<std::int64_t>{3});
  EXPECT_EQ(table->info().values, Values::states);
  EXPECT_EQ(rows(*table), (std::vector<Row>{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(rows(*array(floats({2}, {7, 8}))), (std::vector<Row>{{7}, {8}}));
  EXPECT_EQ(array(floats({1, 2, 3}, {1, 2, 3, 4, 5, 6}))->info().shape,
            (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(NpySource, ChannelsComeFirstWhereverTheyWere) {
  const Row planes{1, 2, 3, 4, 5, 6};  // 3 channels of 1 x 2
  const Row interleaved{1, 3, 5, 2, 4, 6};
  for (const auto& data : {array(floats({1, 3, 1, 2}, planes)),
                           array(floats({1, 1, 2, 3}, interleaved), {{"layout", "hwc"}})}) {
    EXPECT_EQ(data->info().shape, (std::vector<std::int64_t>{3, 1, 2}));
    EXPECT_EQ(rows(*data), std::vector<Row>{planes});
  }
  EXPECT_EQ(array(floats({1, 2, 2, 3}, Row(12, 5)))->info().shape,
            (std::vector<std::int64_t>{3, 2, 2}));
  EXPECT_EQ(array(floats({1, 3, 2, 3}, Row(18, 5)))->info().shape,
            (std::vector<std::int64_t>{3, 2, 3}));
}

TEST(NpySource, BytesAreGreyLevelsUnlessTheSpecSaysReal) {
  const auto bytes = byte_array("|u1", "2, 2", {0, 51, 1, 255});
  const auto grey = array(bytes);
  EXPECT_EQ(grey->info().values, Values::unit);
  EXPECT_EQ(grey->info().levels, 256);
  EXPECT_EQ(rows(*grey), (std::vector<Row>{{0, 0.2f}, {1.0f / 255, 1}}));
  const auto real = array(bytes, {{"values", "real"}});
  EXPECT_EQ(real->info().values, Values::real);
  EXPECT_EQ(real->info().levels, 0);
  EXPECT_EQ(rows(*real), (std::vector<Row>{{0, 51}, {1, 255}}));
}

TEST(NpySource, TwoLevelsAreBinary) {
  const std::vector<Row> expected{{0, 1}, {1, 1}};
  for (const auto& bytes :
       {byte_array("|u1", "2, 2", {0, 255, 255, 255}), byte_array("|u1", "2, 2", {0, 1, 1, 1}),
        byte_array("|b1", "2, 2", {0, 1, 1, 1}), floats({2, 2}, {0, 1, 1, 1})}) {
    EXPECT_EQ(array(bytes)->info().values, Values::binary);
    EXPECT_EQ(array(bytes)->info().levels, 2);
    EXPECT_EQ(rows(*array(bytes)), expected);
  }
  EXPECT_EQ(array(byte_array("|i1", "2, 2", {0, 255, 255, 255}))->info().values, Values::real);
}

TEST(NpySource, PicturesOfFloatsAreUnitOrSignedUnitByTheirRange) {
  const auto values_of = [](const Row& x, const OptionMap& keys = {}) {
    return array(floats({1, 1, std::ssize(x)}, x), keys)->info().values;
  };
  EXPECT_EQ(values_of({0, 0.5f}), Values::unit);
  EXPECT_EQ(values_of({-1, 0.5f}), Values::signed_unit);
  EXPECT_EQ(values_of({-1, 1.5f}), Values::real);
  EXPECT_EQ(values_of({0, 0.5f}, {{"values", "real"}}), Values::real);
  EXPECT_EQ(array(floats({1, 2}, {0, 0.5f}))->info().values, Values::real) << "a table";
  EXPECT_EQ(array(floats({1, 2}, {0, 0.5f}), {{"values", "unit"}})->info().values, Values::unit);
  EXPECT_EQ(message_of<ConfigError>([&] {
              values_of({-1, 0.5f}, {{"values", "unit"}});
            }),
            "[data.npy] a.npy holds numbers from -1 to 0.5, which values=unit does not allow; "
            "choose another, or leave it out");
}

TEST(NpySource, RefusesNumbersThatAreNotFiniteNamingTheirIndex) {
  Row x(2 * 3 * 4, 0.5f);
  x[12 + 2 * 4 + 1] = kNan;
  const std::string remedy = "; repair the array, or leave such items out with --skip-bad";
  EXPECT_EQ(refusal(floats({2, 3, 4}, x)), "[data.npy] a.npy holds nan at [1, 2, 1]" + remedy);
  EXPECT_EQ(refusal(floats({2}, {1, -kInf})), "[data.npy] a.npy holds -inf at [1]" + remedy);
  const auto data = array(floats({3}, {1, kInf, 2}), {}, true);
  EXPECT_EQ(rows(*data), (std::vector<Row>{{1}, {2}}));
  EXPECT_EQ(data->info().skipped, 1);
  EXPECT_EQ(message_of<IoError>([] { array(floats({1}, {kInf}), {}, true); }),
            "[data.npy] a.npy has no sound items");
}

// Items are looked at many at once; those left out are told wherever they stand.
TEST(NpySource, LeavesOutItemsOfAnyBlock) {
  const std::int64_t count = 150000;
  Row values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = float(i);
  for (const std::size_t broken : {0, 65535, 65536, 149999}) values[broken] = kNan;
  const auto data = array(floats({count, 1}, values), {{"values", "real"}}, true);
  EXPECT_EQ(data->size(), count - 4);
  EXPECT_EQ(data->info().skipped, 4);
  for (const auto& [index, expected] : std::vector<std::pair<std::int64_t, float>>{
           {0, 1.f}, {65533, 65534.f}, {65534, 65537.f}, {count - 5, 149998.f}}) {
    Row x(1);
    data->read(index, x);
    EXPECT_EQ(x[0], expected) << index;
  }
}

// What is too large to be held is read from the file: the same numbers.
TEST(NpySource, LargeArraysAreReadPieceByPiece) {
  const std::int64_t count = (1 << 24) + 5;
  Bytes bytes(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  const auto data =
      array(byte_array("|u1", std::to_string(count) + ", 1", bytes), {{"values", "real"}});
  for (const std::int64_t index : {std::int64_t{0}, std::int64_t{70000}, count - 1}) {
    Row x(1);
    data->read(index, x);
    EXPECT_EQ(x[0], bytes[static_cast<std::size_t>(index)]) << index;
  }
}

TEST(NpySource, RefusesItemsThatNoModelTakes) {
  const auto bytes = byte_array("|u1", "1, 67108865", Bytes(67108865));
  EXPECT_EQ(message_of<IoError>([&] { array(bytes); }),
            "[data.npy] a.npy has the shape (1, 67108865): an item of it has more than 67108864 "
            "numbers; the first axis counts items");
}

TEST(NpySource, RefusesShapesThatAreNoItems) {
  EXPECT_EQ(refusal(floats({}, {1})),
            "[data.npy] a.npy has the shape (); 1 to 4 axes are read, the first counts items");
  EXPECT_EQ(refusal(floats({1, 1, 1, 1, 1}, {1})),
            "[data.npy] a.npy has the shape (1, 1, 1, 1, 1); 1 to 4 axes are read, the first "
            "counts items");
  EXPECT_EQ(refusal(floats({3, 0}, {})),
            "[data.npy] a.npy has the shape (3, 0), which holds nothing");
  EXPECT_EQ(refusal(floats({1, 2, 2, 2}, Row(8))),
            "[data.npy] a.npy has the shape (1, 2, 2, 2) and so 2 channels; pictures have 1 or 3, "
            "first or last (layout=)");
}

TEST(NpySource, FilesHaveLabelsOfTheirOwn) {
  const TemporaryFolder folder;
  const auto spec = "npy:" + folder.write("x.npy", floats({3, 1}, {5, 6, 7})) +
                    ",labels=" + folder.write("y.npy", byte_array("|u1", "3, 1", {2, 0, 2}));
  const auto data = open_source(parse_source(spec)).splits.train;
  EXPECT_EQ(data->info().classes, 3);
  EXPECT_EQ(labels(*data), (std::vector<std::int64_t>{2, 0, 2}));
}

TEST(NpySource, LabelsStayWithTheirItemsWhenSomeAreLeftOut) {
  const auto data = array_dataset("a", memory_bytes("x", floats({3}, {5, kNan, 7})),
                                  memory_bytes("y", floats({3}, {0, 1, 2})), {}, true);
  EXPECT_EQ(labels(*data), (std::vector<std::int64_t>{0, 2}));
}

TEST(NpySource, RefusesLabelsThatDoNotFit) {
  const auto message = [](const Bytes& label_bytes) {
    return message_of<IoError>([&] {
      array_dataset("a", memory_bytes("x.npy", floats({2}, {5, 6})),
                    memory_bytes("y.npy", label_bytes), {}, false);
    });
  };
  EXPECT_EQ(message(floats({3}, {0, 1, 2})),
            "[data.npy] y.npy has the shape (3), labels of 2 items need (2)");
  EXPECT_EQ(message(floats({2, 2}, {0, 1, 2, 3})),
            "[data.npy] y.npy has the shape (2, 2), labels of 2 items need (2)");
  for (const float wrong : {-1.0f, 0.5f, 10000.0f, kNan})
    EXPECT_EQ(message(floats({2}, {0, wrong})),
              "[data.npy] y.npy holds " + option_detail::to_text(double(wrong)) +
                  " at [1]; labels are whole numbers from 0 to 9999");
}

TEST(NpzSource, OneArrayIsChosenByNameOrBecauseItIsTheOnlyOne) {
  const TemporaryFolder folder;
  const auto two = (folder / "two.npz").string(), one = (folder / "one.npz").string();
  const NpyArray x{.name = "train", .shape = {2, 1}, .values = {5, 6}};
  const NpyArray y{.name = "classes", .shape = {2}, .values = {1, 0}};
  write_npz(one, {x});
  write_npz(two, {x, y});
  const auto open = [](const std::string& spec) {
    return open_source(parse_source("npz:" + spec)).splits.train;
  };
  EXPECT_EQ(rows(*open(one)), (std::vector<Row>{{5}, {6}}));
  EXPECT_EQ(rows(*open(two + ",key=classes")), (std::vector<Row>{{1}, {0}}));
  for (const auto* keys : {",labels=classes", ",key=train,labels=classes"})
    EXPECT_EQ(labels(*open(two + keys)), (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(message_of<ConfigError>([&] { open(two); }),
            "[data.npz] " + two + " holds 2 arrays; name one with key=. It has: train, classes");
  EXPECT_EQ(
      message_of<ConfigError>([&] { open(two + ",key=trian"); }),
      "[data.npz] " + two + " has no array 'trian'; did you mean 'train'? It has: train, classes");
}

TEST(NpzSource, ArraysBeyondTheMemoryLimitAreTheSame) {
  const TemporaryFolder folder;
  const auto path = (folder / "a.npz").string();
  Row values(20000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sqrt(float(i));
  write_npz(path, {{.name = "x", .shape = {1000, 20}, .values = values}});
  const auto roomy = open_source(parse_source("npz:" + path)).splits.train;
  const auto tight = open_source(parse_source("npz:" + path + ",memory=0.00001")).splits.train;
  ASSERT_EQ(tight->size(), 1000);
  EXPECT_EQ(rows(*tight), rows(*roomy));
}

TEST(NpzSource, RefusesWhatIsNoArchive) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.npz", "this is text");
  EXPECT_EQ(message_of<IoError>([&] { open_source(parse_source("npz:" + path)); }),
            "[npz] '" + path + "' is not a .npz archive that can be read (Not a zip archive)");
}

}  // namespace
}  // namespace kiln
