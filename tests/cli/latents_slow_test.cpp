// What latents are for, on tiny runs: each command's numbers, pictures and refusals.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "kiln/data/code_files.h"
#include "kiln/io/image.h"
#include "kiln/io/npy.h"
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

// A tiny VAE of 2 latents on `data`, trained when it is first asked for.
std::string plane_run(const std::string& data, const std::vector<std::string>& more = {}) {
  static TemporaryFolder folder;
  static std::map<std::string, std::string> runs;
  if (!runs.contains(data)) {
    const auto path = (folder / std::to_string(runs.size())).string();
    std::vector<std::string> arguments{"train",    "vae",     "--data",    data,       "--out",
                                       path,       "--steps", "40",        "--hidden", "8",
                                       "--latent", "2",       "--threads", "1",        "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto trained = run_kiln(arguments);
    EXPECT_EQ(trained.code, 0) << trained.err;
    runs[data] = path;
  }
  return runs[data];
}

std::string digits_run() { return plane_run("digits:n=200,test=40"); }

std::string refusal(const std::vector<std::string>& arguments) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 2) << result.out;
  return result.err;
}

std::vector<float> numbers_of(const std::string& archive) {
  const auto bytes = read_npz_member(archive, "x", 1 << 24);
  const auto header = parse_npy_header(archive, bytes.data(), bytes.size(), bytes.size());
  std::vector<float> numbers(static_cast<std::size_t>(header.count()));
  npy_to_float(header, bytes.data() + header.data_offset, header.count(), numbers.data());
  return numbers;
}

TEST(Latents, CodesThatWereWrittenDecodeAlikeFromBothKindsOfFile) {
  const TemporaryFolder folder;
  const auto file = [&](const char* name) { return (folder / name).string(); };
  const auto object = only_object(
      run_kiln({"encode", digits_run(), "-o", file("z.csv"), "--plot", file("z.svg"), "--json"}));
  EXPECT_EQ(object["rows"], 40);
  EXPECT_EQ(object["latents"], 2);
  EXPECT_EQ(object["labels"], true);
  EXPECT_TRUE(contents(file("z.csv")).starts_with("index,z0,z1,label\n0,"));
  const auto svg = contents(file("z.svg"));
  EXPECT_NE(svg.find(">codes of digits:n=200,test=40 (test)<"), std::string::npos);
  EXPECT_GE(std::count(svg.begin(), svg.end(), '<'), 40);
  only_object(run_kiln({"encode", digits_run(), "-o", file("z.npz"), "--json"}));
  for (const auto& [codes, out] : {std::pair("z.csv", "a.npz"), {"z.npz", "b.npz"}})
    EXPECT_EQ(only_object(run_kiln({"decode", digits_run(), "--codes", file(codes), "-o", file(out),
                                    "--json"}))["items"],
              40);
  const auto x = numbers_of(file("a.npz"));
  EXPECT_EQ(x.size(), 40u * 784);
  EXPECT_EQ(x, numbers_of(file("b.npz")));
  only_object(run_kiln({"decode", digits_run(), "--codes", file("z.csv"), "-n", "4", "-o",
                        file("x.png"), "--json"}));
  EXPECT_EQ(read_image(file("x.png")).width, read_image(file("x.png")).height);
}

TEST(Latents, MoreThanTwoLatentsAreDrawnAsPrincipalComponentsAndThePlotSaysSo) {
  const TemporaryFolder folder;
  const auto svg = (folder / "z.svg").string();
  only_object(run_kiln({"encode", tiny_run("vae"), "--items", "9", "-o",
                        (folder / "z.csv").string(), "--plot", svg, "--json"}));
  EXPECT_NE(contents(svg).find("2 principal components of 3 latents"), std::string::npos);
  EXPECT_EQ(read_codes(folder / "z.csv").rows, 9);
}

TEST(Latents, TheCodesCanBeDrawnBesideThePrior) {
  const TemporaryFolder folder;
  const auto svg = (folder / "z.svg").string(), out = (folder / "z.csv").string();
  only_object(
      run_kiln({"encode", digits_run(), "-o", out, "--plot", svg, "--beside-prior", "--json"}));
  for (const auto* title : {">codes of digits:n=200,test=40 (test)<", ">density of the codes<",
                            ">density of the prior<"})
    EXPECT_NE(contents(svg).find(title), std::string::npos) << title;
  EXPECT_EQ(refusal({"encode", digits_run(), "-o", out, "--beside-prior"}),
            "kiln: [encode.beside_prior] is about the picture; say --plot FILE.svg as well\n");
  EXPECT_EQ(
      refusal({"encode", tiny_run("autoencoder"), "-o", out, "--plot", svg, "--beside-prior"}),
      "kiln: [autoencoder] has no prior; what it has: encoder, decoder\n");
}

TEST(Latents, TheManifoldHasAPictureForEachCellOfThePlane) {
  const TemporaryFolder folder;
  const auto out = (folder / "m.png").string();
  const auto object =
      only_object(run_kiln({"manifold", digits_run(), "-n", "4", "-o", out, "--json"}));
  EXPECT_NEAR(object["z_low"].get<double>(), -1.1503493803760079, 1e-9);  // quantile of 1/8
  EXPECT_NEAR(object["z_high"].get<double>(), 1.1503493803760079, 1e-9);
  EXPECT_EQ(read_image(out).width, read_image(out).height);
  const auto svg = (folder / "m.svg").string();
  EXPECT_EQ(run_kiln({"manifold", digits_run(), "-n", "4", "-o", svg}).code, 0);
  const auto text = contents(svg);  // quantiles of 1/8 and 3/8
  for (const auto* word : {">-1.2<", ">-0.32<", ">0.32<", ">1.2<"})
    EXPECT_EQ(text.find(word) != text.rfind(word), true) << word << " across and up";
  EXPECT_EQ(refusal({"manifold", tiny_run("vae"), "-o", out}),
            "kiln: [manifold] draws the plane of 2 latents, and the run has 3; train with "
            "--latent 2, or see one latent at a time with kiln traverse\n");
}

TEST(Latents, TraverseDrawsARowForEachLatent) {
  const TemporaryFolder folder;
  const auto out = (folder / "t.png").string();
  const auto object =
      only_object(run_kiln({"traverse", tiny_run("vae"), "--latents", "0-1", "--low", "-2",
                            "--steps", "5", "--item", "3", "-o", out, "--json"}));
  EXPECT_EQ(object["latents"], (std::vector<int>{0, 1}));
  EXPECT_EQ(object["base"], "item 3 of digits:n=200,test=40 (test)");
  EXPECT_EQ(object["low"], -2);
  EXPECT_EQ(object["high"], 3);
  const auto picture = read_image(out);
  EXPECT_NEAR(static_cast<double>(picture.width) / static_cast<double>(picture.height), 2.5, 0.1);
  const auto svg = (folder / "t.svg").string();
  EXPECT_EQ(
      run_kiln({"traverse", tiny_run("vae"), "--latents", "1", "--steps", "3", "-o", svg}).code, 0);
  for (const auto* word : {">z1<", ">-3<", ">0<", ">3<", "the others at 0"})
    EXPECT_NE(contents(svg).find(word), std::string::npos) << word;
  const auto quantiles = only_object(run_kiln(
      {"traverse", tiny_run("dcgan"), "--quantiles", "--steps", "4", "-o", out, "--json"}));
  EXPECT_NEAR(quantiles["high"].get<double>(), 1.1503493803760079, 1e-6);
  EXPECT_EQ(quantiles["latents"].size(), 4u);
  EXPECT_EQ(refusal({"traverse", tiny_run("vae"), "--latents", "0,3", "-o", out}),
            "kiln: [traverse.latents] needs numbers or ranges from 0 to 2, as in 0,3-5; got '3'\n");
  EXPECT_TRUE(refusal({"traverse", tiny_run("dcgan"), "--item", "0", "-o", out})
                  .starts_with("kiln: [dcgan] has no encoder, so only a traversal from 0"));
}

TEST(Latents, ArithmeticMovesItemsOfOneClassTowardsAnother) {
  const TemporaryFolder folder;
  const auto out = (folder / "a.png").string();
  const auto object =
      only_object(run_kiln({"arithmetic", digits_run(), "--plus", "label=3", "--minus", "label=1",
                            "--steps", "3", "-o", out, "--json"}));
  EXPECT_GT(object["direction_norm"].get<double>(), 0);
  EXPECT_EQ(object["items"].size(), 6u);  // the test part's ones
  const auto nowhere =
      only_object(run_kiln({"arithmetic", digits_run(), "--plus", "label=3", "--minus", "label=3",
                            "-o", (folder / "n.png").string(), "--json"}));
  EXPECT_EQ(nowhere["direction_norm"], 0.0);
  const auto picture = read_image(out);
  EXPECT_NEAR(static_cast<double>(picture.width) / static_cast<double>(picture.height), 4.0 / 6,
              0.05);
  EXPECT_EQ(refusal({"arithmetic", digits_run(), "--plus", "shape=circle", "-o", out}),
            "kiln: [arithmetic] digits knows classes only, so 'shape' must be written "
            "label=CLASS\n");
  EXPECT_EQ(refusal({"arithmetic", digits_run(), "--plus", "label=seven", "-o", out}),
            "kiln: [arithmetic] no label 'seven'. It is one of: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n");
}

TEST(Latents, ArithmeticKnowsTheAttributesOfShapes) {
  const TemporaryFolder folder;
  const auto out = (folder / "a.png").string();
  const auto run = plane_run("shapes:size=16,n=80,test=60", {"--decoder", "gaussian"});
  const auto object = only_object(
      run_kiln({"arithmetic", run, "--plus", "shape=circle", "--plus", "colour=red", "--minus",
                "shape=square", "--minus", "colour=blue", "--from", "0,5", "-o", out, "--json"}));
  EXPECT_EQ(object["items"], (std::vector<int>{0, 5}));
  EXPECT_TRUE(refusal({"arithmetic", run, "--plus", "shape=sqare", "-o", out})
                  .starts_with("kiln: [arithmetic] no shape 'sqare'; did you mean 'square'?"));
}

TEST(Latents, ProbeGivesAnAccuracyForEachMethodAndLeavesTheRunAsItWas) {
  const auto best = digits_run() + "/checkpoints/best.safetensors";
  const auto before = contents(best);
  const auto object = only_object(
      run_kiln({"probe", digits_run(), "--labels", "20,60", "--fine-tune", "--quiet", "--json"}));
  EXPECT_EQ(object["labels"], (std::vector<int>{20, 60}));
  EXPECT_EQ(object["features"], 2);
  EXPECT_EQ(object["items"], 40);
  for (const auto* method : {"linear_probe", "nearest_neighbours", "fine_tuned", "from_scratch"}) {
    ASSERT_EQ(object["accuracy"][method].size(), 2u) << method;
    EXPECT_GT(object["accuracy"][method][1].get<double>(), 0.1) << method;  // chance
  }
  EXPECT_EQ(contents(best), before);
  EXPECT_EQ(refusal({"probe", digits_run(), "--labels", "20,x"}),
            "kiln: [probe.labels] needs numbers of labelled items, as in 100,1000; got 'x'\n");
}

TEST(Latents, ModelsWithoutCodesAreRefused) {
  for (const auto* command : {"encode", "probe"})
    EXPECT_TRUE(refusal({command, tiny_run("nade")}).starts_with("kiln: [nade] has no encoder"));
  for (const auto* command : {"manifold", "traverse"})
    EXPECT_TRUE(refusal({command, tiny_run("nade")}).starts_with("kiln: [nade] has no decoder"));
}

}  // namespace
}  // namespace kiln
