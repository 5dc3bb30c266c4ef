// needs: base
#include "kiln/data/image_folder.h"

#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "kiln/io/image.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

Image plain(std::int64_t width, std::int64_t height, std::vector<std::uint8_t> colour) {
  Image image{.width = width, .height = height, .channels = std::ssize(colour), .pixels = {}};
  for (std::int64_t i = 0; i < width * height; ++i)
    image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
  return image;
}

std::string png(const Image& image) {
  const auto bytes = encode_png(image);
  return {bytes.begin(), bytes.end()};
}

Splits open(const TemporaryFolder& folder, const std::string& keys = "", bool skip_bad = false) {
  return open_source(parse_source("images:" + folder.path().string() + keys),
                     {.seed = 1, .skip_bad = skip_bad})
      .splits;
}

std::vector<float> item(const Dataset& data, std::int64_t index) {
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  data.read(index, x);
  return x;
}

std::vector<std::int64_t> labels(const Dataset& data) {
  std::vector<std::int64_t> all;
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  for (std::int64_t i = 0; i < data.size(); ++i) all.push_back(data.read(i, x));
  return all;
}

template <class E = IoError>
std::string message(const TemporaryFolder& folder, const std::string& keys = "",
                    bool skip_bad = false) {
  return message_of<E>([&] { open(folder, keys, skip_bad); });
}

TEST(ImageFolder, PicturesBecomePlanesOfColours) {
  const TemporaryFolder folder;
  Image image{.width = 2, .height = 1, .channels = 3, .pixels = {255, 0, 51, 102, 153, 204}};
  folder.write("a.png", png(image));
  const auto data = open(folder).train;
  EXPECT_EQ(data->info().shape, (std::vector<std::int64_t>{3, 1, 2}));
  EXPECT_EQ(data->info().values, Values::unit);
  EXPECT_EQ(data->info().levels, 256);
  EXPECT_EQ(item(*data, 0), (std::vector<float>{1, 0.4f, 0, 0.6f, 0.2f, 0.8f}));
  EXPECT_EQ(labels(*data), std::vector<std::int64_t>{-1});
}

TEST(ImageFolder, SubFoldersAreClassesInSortedOrder) {
  const TemporaryFolder folder;
  folder.write("cat/2.png", png(plain(2, 2, {20})));
  folder.write("cat/deep/1.PNG", png(plain(2, 2, {10})));
  folder.write("bird/9.pgm", "P5 2 2 255\nabcd");
  folder.write("empty/.hidden.png", "no picture");
  folder.write("README.txt", "no picture");
  const auto data = open(folder).train;
  EXPECT_EQ(data->info().class_names, (std::vector<std::string>{"bird", "cat"}));
  EXPECT_EQ(data->info().classes, 2);
  EXPECT_EQ(labels(*data), (std::vector<std::int64_t>{0, 1, 1}));
  EXPECT_EQ(item(*data, 0)[0], 97.0f / 255);
  EXPECT_EQ(item(*data, 1)[0], 20.0f / 255);
}

TEST(ImageFolder, TrainValidAndTestFoldersAreParts) {
  const TemporaryFolder folder;
  folder.write("train/cat/1.png", png(plain(2, 2, {1})));
  folder.write("train/dog/1.png", png(plain(2, 2, {2})));
  folder.write("val/dog/1.png", png(plain(2, 2, {3})));
  folder.write("test/ant/1.png", png(plain(2, 2, {4})));
  const auto splits = open(folder);
  EXPECT_EQ(splits.train->info().class_names, (std::vector<std::string>{"ant", "cat", "dog"}));
  EXPECT_EQ(labels(*splits.train), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(labels(*splits.valid), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(labels(*splits.test), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(item(*splits.test, 0)[0], 4.0f / 255);
}

TEST(ImageFolder, SizeCropsTheCentreAndCropNoneSquashes) {
  const TemporaryFolder folder;
  Image wide{.width = 4, .height = 2, .channels = 1, .pixels = {0, 200, 200, 0, 0, 200, 200, 0}};
  folder.write("a.png", png(wide));
  const auto level = 200.0f / 255, half = 100.0f / 255;
  EXPECT_EQ(item(*open(folder).train, 0).size(), 8u);
  EXPECT_EQ(item(*open(folder, ",size=2").train, 0), std::vector<float>(4, level));
  EXPECT_EQ(item(*open(folder, ",crop=centre").train, 0), std::vector<float>(4, level));
  EXPECT_EQ(item(*open(folder, ",size=2,crop=none").train, 0), std::vector<float>(4, half));
}

TEST(ImageFolder, ColoursDecideTheChannelsUnlessTheSpecDoes) {
  const TemporaryFolder folder;
  folder.write("1.png", png(plain(1, 1, {100})));
  EXPECT_EQ(open(folder).train->info().shape[0], 1);
  EXPECT_EQ(open(folder, ",channels=3").train->info().shape[0], 3);
  folder.write("2.png", png(plain(1, 1, {255, 0, 0})));
  const auto colour = open(folder).train;
  EXPECT_EQ(item(*colour, 0), std::vector<float>(3, 100.0f / 255));
  EXPECT_EQ(item(*colour, 1), (std::vector<float>{1, 0, 0}));
  const auto grey = open(folder, ",channels=1").train;
  EXPECT_EQ(item(*grey, 1), std::vector<float>{76.0f / 255});  // 0.299 of red
  EXPECT_EQ(grey->info().values, Values::unit);
}

TEST(ImageFolder, BlackAndWhiteIsBinaryOnlyAsItIsRead) {
  const TemporaryFolder folder;
  folder.write("1.png", png(plain(1, 1, {255, 0, 0})));
  folder.write("2.png", png(plain(1, 1, {0, 0, 0})));
  EXPECT_EQ(open(folder).train->info().values, Values::binary);
  EXPECT_EQ(open(folder, ",channels=1").train->info().values, Values::unit);
}

TEST(ImageFolder, PicturesBeyondTheMemoryLimitAreTheSame) {
  const TemporaryFolder folder;
  for (int i = 0; i < 40; ++i)
    folder.write(std::to_string(i) + ".png",
                 png(i % 3 == 0 ? plain(9, 5, {std::uint8_t(i)})
                                : plain(7, 8, {std::uint8_t(i), 99, std::uint8_t(200 - i)})));
  const auto roomy = open(folder, ",size=6").train, tight = open(folder, ",size=6,memory=0").train;
  ASSERT_EQ(tight->size(), 40);
  EXPECT_EQ(tight->info().shape, roomy->info().shape);
  for (std::int64_t i = 0; i < 40; ++i) EXPECT_EQ(item(*tight, i), item(*roomy, i)) << i;
}

TEST(ImageFolder, RefusesPicturesThatDifferInSizeUnlessOneIsGiven) {
  const TemporaryFolder folder;
  const auto first = folder.write("1.png", png(plain(3, 2, {1})));
  const auto second = folder.write("2.png", png(plain(3, 4, {1})));
  EXPECT_EQ(message<ConfigError>(folder),
            "[data.images] pictures differ in size: " + first + " is 3 x 2, " + second +
                " is 3 x 4; bring them to one size with size=, as in size=64");
  EXPECT_EQ(open(folder, ",size=2").train->info().shape, (std::vector<std::int64_t>{1, 2, 2}));
}

TEST(ImageFolder, NamesEveryBrokenPictureOrLeavesThemOutAndSaysWhich) {
  const TemporaryFolder folder;
  const auto sound = png(plain(4, 4, {9}));
  for (int i = 10; i < 30; ++i) folder.write(std::to_string(i) + ".png", sound);
  const auto text = folder.write("15.png", "this is text");
  const auto half = folder.write("20.png", sound.substr(0, sound.size() / 2));
  const auto of_text = "'" + text + "' is not a PNG, JPEG, WebP, PGM or PPM picture";
  const auto of_half = "'" + half + "' is cut short or damaged (the file ends too early)";
  for (int again = 0; again < 10; ++again)
    EXPECT_EQ(message(folder), "[data.images] " + of_text + "; " + of_half +
                                   "; repair or remove these files, or leave broken pictures out "
                                   "with --skip-bad");
  const auto data = open(folder, "", true).train;
  EXPECT_EQ(data->size(), 18);
  EXPECT_EQ(data->info().skipped, 2);
  EXPECT_EQ(data->info().notes,
            (std::vector<std::string>{"left out: " + of_text, "left out: " + of_half}));
}

TEST(ImageFolder, SaysWhichKindsOfPicturesItPassesOver) {
  const TemporaryFolder folder;
  for (const auto* name : {"a.png", "b.png"}) folder.write(name, png(plain(4, 4, {9})));
  for (const auto* name : {"c.gif", "d.GIF", "e.tiff"}) folder.write(name, "x");
  EXPECT_EQ(open(folder).train->info().notes,
            (std::vector<std::string>{"passed over 2 .gif, 1 .tiff: save them as PNG or JPEG"}));
}

// Links in a circle lead to no picture.
TEST(ImageFolder, PassesOverLinksThatLeadNowhere) {
  const TemporaryFolder folder;
  for (const auto* name : {"a.png", "b.png"}) folder.write(name, png(plain(4, 4, {9})));
  std::filesystem::create_symlink("c.png", folder.path() / "c.png");
  std::filesystem::create_symlink("nothing", folder.path() / "d.png");
  EXPECT_EQ(open(folder).train->size(), 2);
}

TEST(ImageFolder, RefusesFoldersWithoutPictures) {
  const TemporaryFolder folder;
  const auto name = folder.path().string();
  EXPECT_EQ(message(folder),
            "[data.images] " + name + " holds no PNG, JPEG, WebP, PGM or PPM pictures");
  folder.write("train/1.png", "broken");
  EXPECT_EQ(message(folder, "", true),
            "[data.images] images:" + name + ": none of 1 pictures can be read");
  folder.write("test/1.png", png(plain(1, 1, {1})));
  EXPECT_EQ(message(folder, "", true),
            "[data.images] " + name + ": none of the training pictures can be read");
  EXPECT_EQ(message_of<IoError>([&] { open_source(parse_source("images:" + name + "/none")); }),
            "[data.images] there is no folder " + name + "/none");
}

TEST(ImageFolder, RefusesPicturesBothInsideAndOutsideClasses) {
  const TemporaryFolder folder;
  folder.write("1.png", png(plain(1, 1, {1})));
  folder.write("cat/1.png", png(plain(1, 1, {1})));
  EXPECT_EQ(message(folder),
            "[data.images] " + folder.path().string() +
                " holds pictures both by itself (1.png) and in sub-folders (cat); put every "
                "picture into a sub-folder of its class, or none");
}

TEST(ImageFolder, SaysSoWhenAPictureChangesAfterOpening) {
  const TemporaryFolder folder;
  const auto path = folder.write("1.png", png(plain(2, 2, {1})));
  const auto data = open(folder, ",memory=0").train;
  folder.write("1.png", png(plain(3, 2, {1})));
  EXPECT_EQ(message_of<IoError>([&] { item(*data, 0); }),
            "[data.images] " + path + " has changed since it was opened");
}

TEST(ImageFolder, RefusesTwoChannels) {
  const TemporaryFolder folder;
  folder.write("1.png", png(plain(1, 1, {1})));
  EXPECT_EQ(message<ConfigError>(folder, ",channels=2"),
            "[data.images.channels] must be 1 or 3, got 2");
}

}  // namespace
}  // namespace kiln
