// Training items beside samples: of a model that repeats them and of models that do not.
#include <gtest/gtest.h>

#include "kiln/io/image.h"
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

std::string trained(const TemporaryFolder& folder, const std::vector<std::string>& arguments) {
  const auto run = (folder / "run").string();
  std::vector<std::string> all{"train", "--out", run, "--threads", "1", "--quiet"};
  all.insert(all.begin() + 1, arguments.begin(), arguments.end());
  const auto result = run_kiln(all);
  EXPECT_EQ(result.code, 0) << result.err;
  return run;
}

std::string refusal(const std::vector<std::string>& arguments) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 2) << result.out;
  return result.err;
}

// Kernels so narrow that every sample is a training item and a trace of noise: D h^2 = 784 / 10^6.
TEST(Neighbours, AModelThatRepeatsItsItemsIsFoundOut) {
  const TemporaryFolder folder;
  const auto run =
      trained(folder, {"kernel_density", "--data", "digits:n=300,test=80", "--bandwidth", "0.001"});
  const auto out = (folder / "new/n.png").string();
  const auto object = only_object(run_kiln({"neighbours", run, "--samples", "200", "--count", "6",
                                            "--nearest", "4", "-o", out, "--json"}));
  EXPECT_EQ(object["data"], "digits:n=300,test=80 (train)");
  EXPECT_EQ(object["items"], 300);
  EXPECT_EQ(object["held_out"], "digits:n=300,test=80 (test)");
  EXPECT_EQ(object["held_out_items"], 80);
  EXPECT_EQ(object["samples"], 200);
  EXPECT_EQ(object["suspicious"], true);
  EXPECT_EQ(object["nearer"], 1.0);
  EXPECT_EQ(object["equal"], 0.0);
  // Noise that would leave [0, 1] is cut off: at black and white pixels half of it.
  const double median = object["quantiles"]["samples"]["50"].get<double>();
  EXPECT_GT(median, 784e-6 / 2 - 5 * 4e-5);
  EXPECT_LT(median, 784e-6 + 5 * 4e-5);
  EXPECT_GT(object["quantiles"]["held_out"]["5"].get<double>(), 1);
  ASSERT_EQ(object["rows"].size(), 6u);
  ASSERT_EQ(object["rows"][0]["items"].size(), 4u);
  EXPECT_LE(object["rows"][0]["distances"][0], object["rows"][1]["distances"][0]);
  EXPECT_LE(object["rows"][0]["distances"][0], object["rows"][0]["distances"][1]);
  // 5 columns and 6 rows of 28 pixels at zoom 2 with separators of 2.
  const auto picture = read_image(out);
  EXPECT_EQ(picture.width, 5 * 58 + 2);
  EXPECT_EQ(picture.height, 6 * 58 + 2);
  // Each sample stands before its own copy.
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t x = 0; x < 58; ++x)
      ASSERT_NEAR(picture.pixels[static_cast<std::size_t>(y * picture.width + x)],
                  picture.pixels[static_cast<std::size_t>(y * picture.width + x + 58)], 3);
  const auto text = run_kiln({"neighbours", run, "--samples", "200", "-o", out}).out;
  EXPECT_NE(text.find("100.0 % of the samples lie as near as only 5 % of the held-out items do; "
                      "5 % +- 2.9 % would by chance"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Samples lie nearer to the training items than held-out data do"),
            std::string::npos);
}

TEST(Neighbours, TablesGetNumbersAndNoPicture) {
  const TemporaryFolder folder;
  const auto run = trained(
      folder, {"gaussian_mixture", "--data", "moons:n=500,valid=0,test=0", "--components", "1"});
  const auto result = run_kiln({"neighbours", run, "--samples", "100"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with(run + " at step ")) << result.out;
  EXPECT_NE(result.out.find("50 items of moons:n=500,test=0,valid=0 (valid)"), std::string::npos);
  EXPECT_NE(result.out.find("no sign that any were memorised"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(run + "/samples/neighbours.png"));
  EXPECT_EQ(refusal({"neighbours", run, "-o", (folder / "n.png").string()}),
            "kiln: [neighbours] draws images; the items of moons:n=500,test=0,valid=0 (train) have "
            "shape [2]\n");
}

// Bars of 3 x 3 are so few that training shows them all: at distance 0, which says nothing.
TEST(Neighbours, WhereHeldOutItemsEqualTrainingItemsSamplesMayToo) {
  const TemporaryFolder folder;
  const auto object = only_object(run_kiln({"neighbours", tiny_run("joint"), "--samples", "50",
                                            "-o", (folder / "n.png").string(), "--json"}));
  EXPECT_EQ(object["held_out_equal"], 1.0);
  EXPECT_EQ(object["quantiles"]["held_out"]["95"], 0.0);
  EXPECT_EQ(object["nearer"], 0.0);
  EXPECT_EQ(object["suspicious"], false);
}

// With --valid nothing is held out of the run's own source: the named one is.
TEST(Neighbours, TheValidationSourceOfARunIsWhatItHeldOut) {
  const TemporaryFolder folder;
  const auto run = trained(folder, {"gaussian_mixture", "--data", "moons:n=300,valid=0,test=0",
                                    "--valid", "moons:n=70,seed=9", "--components", "2"});
  const auto object = only_object(run_kiln({"neighbours", run, "--json"}));
  EXPECT_EQ(object["items"], 300);
  EXPECT_EQ(object["held_out"], "moons:n=70,seed=9 (valid)");
  EXPECT_EQ(object["held_out_items"], 70);
  const auto other = only_object(run_kiln(
      {"neighbours", run, "--data", "moons:n=90,seed=4,test=30", "--samples", "20", "--json"}));
  EXPECT_EQ(other["items"], 90);
  EXPECT_EQ(other["held_out_items"], 20);
}

TEST(Neighbours, ModelsThatDrawNothingAreRefused) {
  EXPECT_EQ(refusal({"neighbours", tiny_run("autoencoder")}),
            "kiln: [autoencoder] has no sampler; what it has: encoder, decoder\n");
  EXPECT_EQ(refusal({"neighbours", tiny_run("joint"), "-o", "n.jpg"}),
            "kiln: [out] needs a name that ends in .png, got 'n.jpg'\n");
}

}  // namespace
}  // namespace kiln
