// Translation by pairs, by way of the program.
#include <algorithm>
#include "kiln/io/deep_image.h"
#include "kiln/io/image.h"

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

class Translate : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    run_ = (*folder_ / "run").string();
    const auto result = run_kiln({"train", "pix2pix", "--data", "shapes:size=32,pair=outline,n=64",
                                  "--filters", "4", "--steps", "30", "--batch", "4", "--threads",
                                  "1", "--quiet", "--out", run_});
    ASSERT_EQ(result.code, 0) << result.err;
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string refusal(std::vector<std::string> arguments, int code) {
    const auto result = run_kiln(arguments);
    EXPECT_EQ(result.code, code) << result.err;
    return result.err;
  }
  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string run_;
};

TEST_F(Translate, PicturesOfAnySizeAndWholeFolders) {
  const auto photo = (*folder_ / "photo.png").string(), out = (*folder_ / "out.png").string();
  write_png(photo, Image{.width = 50,
                         .height = 37,
                         .channels = 3,
                         .pixels = std::vector<std::uint8_t>(50 * 37 * 3, 90)});
  EXPECT_EQ(run_kiln({"translate", run_, "--image", photo, "-o", out}).code, 0);
  const auto made = read_image(out);
  EXPECT_EQ(made.width, 50);
  EXPECT_EQ(made.height, 37);
  EXPECT_EQ(made.channels, 1);
  DeepImage deep{.width = 20, .height = 17, .channels = 3};
  for (int i = 0; i < 20 * 17 * 3; ++i) deep.samples.push_back(static_cast<std::uint16_t>(60 * i));
  write_png(photo, deep);
  EXPECT_EQ(run_kiln({"translate", run_, "--image", photo, "-o", out}).code, 0);
  const auto of_deep = read_deep_png(out);
  ASSERT_TRUE(of_deep) << "16 bits stay 16";
  EXPECT_EQ(of_deep->height, 17);
  EXPECT_TRUE(std::any_of(of_deep->samples.begin(), of_deep->samples.end(), [](auto sample) {
    return sample % 257 != 0;
  })) << "samples between those of 8 bits";
  const auto many = *folder_ / "many", results = *folder_ / "results";
  fs::create_directory(many);
  for (const auto* name : {"a.png", "b.png"}) fs::copy_file(photo, many / name);
  const auto object = only_object(
      run_kiln({"translate", run_, "--image", many.string(), "-o", results.string(), "--json"}));
  EXPECT_EQ(object["pictures"], 2);
  EXPECT_TRUE(fs::exists(results / "a.png") && fs::exists(results / "b.png"));
  EXPECT_NE(refusal({"translate", run_, "--image", photo, "-o", photo}, 2).find("picture itself"),
            std::string::npos);
  EXPECT_NE(refusal({"translate", run_, "--image", many.string(), "-o", many.string()}, 2)
                .find("the folder of the pictures"),
            std::string::npos);
  fs::copy_file(photo, many / "a.jpg");  // a PNG by its bytes
  EXPECT_NE(refusal({"translate", run_, "--image", many.string(), "-o", results.string()}, 2)
                .find("would both become a.png"),
            std::string::npos);
}

TEST_F(Translate, PairsAreShownAndJudged) {
  const auto out = (*folder_ / "grid.png").string();
  const auto object = only_object(run_kiln({"translate", run_, "-n", "5", "-o", out, "--json"}));
  EXPECT_EQ(object["pairs"], 5);
  EXPECT_NEAR(
      static_cast<double>(read_image(out).width) / static_cast<double>(read_image(out).height),
      5. / 3, 0.05);
  const auto judged = only_object(run_kiln({"eval", run_, "--json", "--quiet"}));
  EXPECT_GT(judged["metrics"]["translation_error"].get<double>(), 0);
  EXPECT_LT(judged["metrics"]["translation_error"].get<double>(), 1);
  EXPECT_TRUE(fs::exists(fs::path(run_) / "samples" / "step-00000030.png"));
}

TEST_F(Translate, WrongRequestsAreRefusedBeforeAnyWork) {
  const auto out = (*folder_ / "x.png").string();
  EXPECT_NE(refusal({"translate", run_, "--direction", "b2a", "-o", out}, 2).find("goes a2b"),
            std::string::npos);
  EXPECT_NE(
      refusal({"translate", run_, "--image", "nothing.png", "-o", out}, 3).find("nothing.png"),
      std::string::npos);
  EXPECT_NE(refusal({"translate", tiny_run("vae"), "-o", out}, 2).find("has no translator"),
            std::string::npos);
  EXPECT_NE(refusal({"train", "pix2pix", "--data", "shapes:size=32", "--out", out}, 2)
                .find("learns from pairs of pictures"),
            std::string::npos);
  EXPECT_NE(
      refusal({"eval", run_, "--data", "shapes:size=32", "--quiet"}, 2).find("learns from pairs"),
      std::string::npos);
  EXPECT_NE(refusal({"train", "pix2pix", "--data", "shapes:size=32,pair=outline,n=20", "--valid",
                     "shapes:size=32,n=20", "--steps", "2", "--out", out},
                    2)
                .find("have no part b"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace kiln
