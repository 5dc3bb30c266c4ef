// needs: base
#include "kiln/data/pairs.h"

#include <gtest/gtest.h>

#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "kiln/io/image.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

// A grey picture whose pixels count up from `first`.
void picture(const fs::path& path, std::int64_t width, std::int64_t height, int first) {
  fs::create_directories(path.parent_path());
  Image image{.width = width, .height = height, .channels = 1};
  for (std::int64_t i = 0; i < width * height; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(first + i));
  write_png(path, image);
}

std::vector<float> item(const DatasetPtr& data, std::int64_t index) {
  std::vector<float> x(static_cast<std::size_t>(data->info().stored_size()));
  data->read(index, x);
  for (auto& value : x) value = std::round(value * 255);
  return x;
}

Splits open(const std::string& text) { return open_source(parse_source(text)).splits; }

TEST(Pairs, PicturesOfOneNameBelongTogether) {
  const TemporaryFolder folder;
  for (const auto* name : {"one.png", "two.png"})
    for (const auto* side : {"a", "b"})
      picture(folder / side / name, 2, 2, (name[0] == 'o' ? 10 : 50) + (side[0] == 'b' ? 100 : 0));
  const auto splits = open("pairs:" + (folder / "a").string() + ",b=" + (folder / "b").string());
  EXPECT_EQ(splits.train->size(), 2);
  EXPECT_EQ(splits.train->info().field("b")->shape, (std::vector<std::int64_t>{1, 2, 2}));
  EXPECT_EQ(item(splits.train, 0), (std::vector<float>{10, 11, 12, 13, 110, 111, 112, 113}));
  EXPECT_EQ(item(splits.train, 1), (std::vector<float>{50, 51, 52, 53, 150, 151, 152, 153}));
}

TEST(Pairs, HalvesOfOnePicture) {
  const TemporaryFolder folder;
  picture(folder / "p" / "x.png", 4, 2, 1);  // 1 2 | 3 4, 5 6 | 7 8
  const auto path = "pairs:" + (folder / "p").string();
  EXPECT_EQ(item(open(path + ",side=left").train, 0), (std::vector<float>{1, 2, 5, 6, 3, 4, 7, 8}));
  EXPECT_EQ(item(open(path + ",side=right").train, 0),
            (std::vector<float>{3, 4, 7, 8, 1, 2, 5, 6}));
}

TEST(Pairs, WhatDoesNotFitIsNamed) {
  const TemporaryFolder folder;
  picture(folder / "a" / "one.png", 2, 2, 1);
  picture(folder / "a" / "two.png", 2, 2, 1);
  picture(folder / "b" / "one.png", 2, 2, 1);
  const auto a = (folder / "a").string(), b = (folder / "b").string();
  const auto message = [](const std::string& text) { return message_of([&] { open(text); }); };
  EXPECT_EQ(message("pairs:" + a + ",b=" + b), "[data.pairs] " + a + "/two has no partner in " + b +
                                                   ": both folders need the same names");
  EXPECT_EQ(message("pairs:" + b + ",b=" + a), "[data.pairs] " + a + "/two has no partner in " + b +
                                                   ": both folders need the same names");
  picture(folder / "b" / "two.png", 2, 2, 1);
  picture(folder / "c" / "one.png", 4, 4, 1);
  picture(folder / "c" / "two.png", 4, 4, 1);
  EXPECT_NE(message("pairs:" + a + ",b=" + (folder / "c").string()).find("their partners 4 x 4"),
            std::string::npos);
  EXPECT_NE(message("pairs:" + a).find("needs b=FOLDER"), std::string::npos);
  EXPECT_NE(message("pairs:" + a + ",side=left,b=" + b).find("give one of them"),
            std::string::npos);
  for (const auto* name : {"1.png", "1.left.png"}) picture(folder / "d" / name, 2, 2, 1);
  for (const auto* name : {"1.jpg", "1.left.jpg"}) {
    picture(folder / "e" / name, 2, 2, 1);  // a PNG by its bytes
  }
  const auto d = (folder / "d").string(), e = (folder / "e").string();
  EXPECT_NE(message("pairs:" + d + ",b=" + e).find("in different orders"), std::string::npos)
      << message("pairs:" + d + ",b=" + e);
  picture(folder / "e" / "1.png", 2, 2, 1);
  EXPECT_NE(message("pairs:" + d + ",b=" + e).find("two pictures are named"), std::string::npos);
  picture(folder / "odd" / "one.png", 3, 2, 1);
  EXPECT_NE(message("pairs:" + (folder / "odd").string() + ",side=left").find("no halves"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
