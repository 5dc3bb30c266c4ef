// Every command on tiny runs: what it prints, what it writes, and that --json prints one object.
#include <gtest/gtest.h>

#include <cstdlib>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image.h"
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

std::vector<std::string> keys_of(const nlohmann::json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

using Keys = std::vector<std::string>;

TEST(Commands, TrainSaysWhereTheRunIsAndHowItEnded) {
  const TemporaryFolder folder;
  auto arguments = tiny_training("nade", (folder / "run").string());
  arguments.emplace_back("--json");
  const auto object = only_object(run_kiln(arguments));
  EXPECT_EQ(keys_of(object), (Keys{"best", "end", "run", "step"}));
  EXPECT_EQ(object["end"], "finished");
  EXPECT_EQ(object["step"], 40);
  EXPECT_GT(object["best"]["nll"].get<double>(), 0);
  for (const auto* file :
       {"config.toml", "metrics.jsonl", "checkpoints/best.safetensors",
        "checkpoints/step-00000040.safetensors", "samples/step-00000040.png", "report.html"})
    EXPECT_TRUE(std::filesystem::exists(folder / (std::string("run/") + file))) << file;
}

// The bound that training raises is the one that validation measures, with as many draws.
TEST(Commands, TrainValidatesAnImportanceWeightedObjectiveByItself) {
  const TemporaryFolder folder;
  auto arguments = tiny_training("vae", (folder / "run").string());
  arguments.insert(arguments.end(), {"--objective", "iwae", "--k", "4", "--json"});
  const auto object = only_object(run_kiln(arguments));
  ASSERT_TRUE(object["best"].contains("iwae")) << object;
  EXPECT_LT(object["best"]["iwae"].get<double>(), 0);
  const auto judged = only_object(run_kiln({"eval", (folder / "run").string(), "--split", "valid",
                                            "--metric", "iwae", "--draws", "4", "--json"}));
  EXPECT_NEAR(judged["metrics"]["iwae"].get<double>(), object["best"]["iwae"].get<double>(), 1e-3);
}

// The last figure of that name in a run's records.
double last_recorded(const std::filesystem::path& run, const std::string& name) {
  double value = std::nan("");
  std::istringstream lines(contents(run / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (const auto record = nlohmann::json::parse(line); record.contains(name))
      value = record[name].get<double>();
  return value;
}

// A small reconstruction error does not make the codes those of the prior: the last state counts.
// Both figures are of the averaged weights.
TEST(Commands, TrainCallsNoStateOfAnAdversarialAutoencoderTheBest) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  auto arguments = tiny_training("aae", run);
  arguments.insert(arguments.end(), {"--ema", "0.9", "--json"});
  const auto object = only_object(run_kiln(arguments));
  EXPECT_FALSE(object.contains("best"));
  EXPECT_FALSE(std::filesystem::exists(folder / "run/checkpoints/best.safetensors"));
  const auto judged = only_object(
      run_kiln({"eval", run, "--split", "valid", "--metric", "code_mmd,reconstruction", "--json"}));
  for (const std::string metric : {"code_mmd", "reconstruction"})
    EXPECT_NEAR(judged["metrics"][metric].get<double>(), last_recorded(run, "valid/" + metric),
                1e-5 * judged["metrics"]["reconstruction"].get<double>())
        << metric;
}

TEST(Commands, ResumingForgetsABestStateThatNoFigureTells) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  ASSERT_EQ(run_kiln(tiny_training("aae", run)).code, 0);
  const auto best = folder / "run/checkpoints/best.safetensors";
  std::filesystem::copy(folder / "run/checkpoints/step-00000020.safetensors", best);
  const auto resumed = run_kiln({"resume", run, "--steps", "50"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("no best state any more; the last one counts"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(best));
}

TEST(Commands, OnlyTheFigureThatSelectsIsCalledTheBest) {
  const TemporaryFolder folder;
  auto arguments = tiny_training("aae", (folder / "run").string());
  std::erase(arguments, "--quiet");
  arguments.insert(arguments.end(), {"--supervision", "semi", "--labels", "20"});
  const auto said = run_kiln(arguments).err;
  EXPECT_NE(said.find(" of the items (best)"), std::string::npos) << said;
  EXPECT_NE(said.find("validation code_mmd "), std::string::npos);
  EXPECT_EQ(said.find("squared MMD (best)"), std::string::npos);
}

// The run keeps the steps, not the file's name.
TEST(Commands, TrainTakesTheOrderOfThePixelsFromAFile) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string(), file = (folder / "order.txt").string();
  std::string steps;
  for (int d = 783; d >= 0; --d) steps += std::to_string(d) + (d % 28 ? " " : "\n");
  write_file_atomically(file, steps);
  auto arguments = tiny_training("nade", run);
  arguments.insert(arguments.end(), {"--ordering", "file", "--ordering-steps", "@" + file});
  ASSERT_EQ(run_kiln(arguments).code, 0);
  std::filesystem::remove(file);
  EXPECT_NE(contents(run + "/config.toml").find("ordering_steps = '783 782 781 "),
            std::string::npos);
  // In this order the bottom half comes first: it can be completed upwards, the top half cannot.
  const auto complete = [&](const char* known) {
    return run_kiln({"complete", run, "--known", known, "--draws", "1"});
  };
  EXPECT_EQ(complete("bottom-half").code, 0);
  EXPECT_EQ(complete("top-half").code, 2);
  auto stray = tiny_training("nade", (folder / "stray").string());
  stray.insert(stray.end(), {"--ordering-steps", "0 1"});
  EXPECT_EQ(run_kiln(stray).err, "kiln: [ordering_steps] belongs to ordering file, not raster\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "stray"));
}

TEST(Commands, SampleWritesAPictureThatSaysWhatMadeIt) {
  const TemporaryFolder folder;
  const auto out = (folder / "new/samples.png").string();
  const auto object = only_object(
      run_kiln({"sample", tiny_run("nade"), "-n", "4", "-o", out, "--seed", "3", "--json"}));
  EXPECT_EQ(keys_of(object), (Keys{"count", "file", "run", "seed", "step"}));
  EXPECT_EQ(object["file"], out);
  const auto text = read_png_text(out);
  EXPECT_EQ(text.at("model"), "nade");
  EXPECT_EQ(text.at("seed"), "3");
}

TEST(Commands, SampleMeanGivesProbabilitiesOfADecoderAndIsRefusedWithoutOne) {
  const TemporaryFolder folder;
  const auto drawn = (folder / "drawn.npy").string(), mean = (folder / "mean.npy").string();
  only_object(run_kiln({"sample", tiny_run("vae"), "-n", "2", "-o", drawn, "--json"}));
  only_object(run_kiln({"sample", tiny_run("vae"), "-n", "2", "-o", mean, "--mean", "--json"}));
  const auto values = [](const std::string& path) {
    const auto bytes = contents(path);
    std::vector<float> numbers(2 * 784);
    std::memcpy(numbers.data(), bytes.data() + (bytes.size() - 4 * numbers.size()),
                4 * numbers.size());
    return numbers;
  };
  const auto between = [](float v) { return v > 0 && v < 1; };
  const auto grey = values(mean), binary = values(drawn);
  EXPECT_TRUE(std::all_of(grey.begin(), grey.end(), between));
  EXPECT_TRUE(std::none_of(binary.begin(), binary.end(), between));
  EXPECT_EQ(run_kiln({"sample", tiny_run("nade"), "--mean"}).code, 2);
}

TEST(Commands, EvalCountsTheModesOfAMixture) {
  const TemporaryFolder folder;
  const auto run = (folder / "gan").string(), packed = (folder / "packed").string();
  const std::vector<std::string> train{"train", "gan",      "--data", "ring8",     "--steps",
                                       "3",     "--hidden", "4",      "--threads", "1"};
  const auto with = [&](std::vector<std::string> more) {
    auto all = train;
    all.insert(all.end(), more.begin(), more.end());
    return run_kiln(all).code;
  };
  ASSERT_EQ(with({"--out", run}), 0);
  const auto result = only_object(run_kiln({"eval", run, "--samples", "50", "--json"}));
  EXPECT_EQ(result["samples"], 50);
  EXPECT_EQ(keys_of(result["metrics"]),
            (Keys{"high_quality", "modes", "modes_birthday", "modes_kl"}));
  EXPECT_LE(result["metrics"]["modes"].get<double>(), 8);
  EXPECT_EQ(run_kiln({"eval", run, "--data", "moons", "--metric", "modes"}).code, 2);
  ASSERT_EQ(with({"--pack", "2", "--out", packed}), 0);
  EXPECT_EQ(run_kiln({"score", packed, "-o", (folder / "s.csv").string()}).code, 2);
  EXPECT_EQ(run_kiln({"report", packed}).code, 0);  // without scores of single items
}

TEST(Commands, EvalGivesEveryMetricOfTheModelWithItsError) {
  const auto exact = only_object(run_kiln({"eval", tiny_run("nade"), "--json"}));
  EXPECT_EQ(keys_of(exact),
            (Keys{"data", "draws", "items", "metrics", "run", "standard_errors", "step"}));
  EXPECT_EQ(keys_of(exact["metrics"]), (Keys{"bpd", "nll"}));
  EXPECT_EQ(exact["items"], 40);
  EXPECT_NEAR(exact["metrics"]["nll"].get<double>(),
              exact["metrics"]["bpd"].get<double>() * 784 * std::log(2.0), 1e-3);
  const auto bound = only_object(run_kiln({"eval", tiny_run("vae"), "--draws", "10", "--json"}));
  EXPECT_EQ(keys_of(bound["metrics"]),
            (Keys{"active_units", "elbo", "elbo_bpd", "iwae", "reconstruction"}));
  EXPECT_EQ(keys_of(bound["standard_errors"]),
            (Keys{"active_units", "elbo", "elbo_bpd", "iwae", "reconstruction"}));
}

TEST(Commands, ScoreNamesWhatItWrites) {
  const TemporaryFolder folder;
  for (const auto& [model, name] :
       {std::pair("nade", "log_prob"), {"vae", "bound"}, {"dcgan", "realness_logit"}}) {
    const auto out = (folder / (std::string(model) + ".csv")).string();
    const auto object = only_object(
        run_kiln({"score", tiny_run(model), "--data", "digits:n=30", "-o", out, "--json"}));
    EXPECT_EQ(keys_of(object), (Keys{"data", "file", "mean", "rows", "run", "score"}));
    EXPECT_EQ(object["score"], name);
    EXPECT_EQ(object["rows"], 30);
    const auto csv = contents(out);
    EXPECT_TRUE(csv.starts_with(std::string("index,") + name + "\n0,")) << csv.substr(0, 40);
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 31);
  }
}

TEST(Commands, ReconstructDrawsItemsOverTheirReconstructions) {
  const TemporaryFolder folder;
  const auto out = (folder / "r.png").string();
  const auto object =
      only_object(run_kiln({"reconstruct", tiny_run("vae"), "-n", "5", "-o", out, "--json"}));
  EXPECT_EQ(keys_of(object), (Keys{"data", "file", "items", "mean_squared_error", "run", "step"}));
  EXPECT_EQ(object["items"], 5);
  EXPECT_GT(object["mean_squared_error"].get<double>(), 0);
  EXPECT_LT(object["mean_squared_error"].get<double>(), 1);
  const auto picture = read_image(out);
  EXPECT_GT(picture.width, 2 * picture.height);  // five columns, two rows
  EXPECT_LT(picture.width, 3 * picture.height);
}

TEST(Commands, CompleteKeepsTheKnownHalf) {
  const TemporaryFolder folder;
  const auto out = (folder / "c.png").string();
  const auto object =
      only_object(run_kiln({"complete", tiny_run("nade"), "--index", "0,3", "--known", "top-half",
                            "--draws", "3", "-o", out, "--json"}));
  EXPECT_EQ(keys_of(object),
            (Keys{"data", "draws", "file", "items", "known", "run", "seed", "step"}));
  EXPECT_EQ(object["items"], 2);
  EXPECT_EQ(object["data"], "digits:n=200,test=40 (test)");
}

TEST(Commands, CompleteTakesAnyPictureAndSaysHowItWasFitted) {
  const TemporaryFolder folder;
  Image picture{40, 56, 3, std::vector<std::uint8_t>(40 * 56 * 3, 200)};
  write_png(folder / "in.png", picture);
  Image mask{28, 28, 1, std::vector<std::uint8_t>(28 * 28, 0)};
  std::fill_n(mask.pixels.begin(), 28 * 10, std::uint8_t{255});
  write_png(folder / "mask.png", mask);
  const auto in = (folder / "in.png").string();
  const auto result =
      run_kiln({"complete", tiny_run("nade"), "--image", in, "--known",
                (folder / "mask.png").string(), "-o", (folder / "c.png").string(), "--json"});
  EXPECT_EQ(only_object(result)["data"], in);
  EXPECT_EQ(result.err, in + ": 40 x 56, 3 channel(s), made 28 x 28, 1 channel(s)\n"
                             "grey levels -> binary: 1 where the level is above 1/2\n");
}

TEST(Commands, InterpolateDrawsARowForEachPath) {
  const TemporaryFolder folder;
  const auto out = (folder / "i.png").string();
  for (const auto& [model, between] :
       {std::pair("vae", "data"), {"vae", "prior"}, {"dcgan", "prior"}}) {
    const auto object =
        only_object(run_kiln({"interpolate", tiny_run(model), "--rows", "2", "--steps", "6",
                              "--path", "lerp", "--between", between, "-o", out, "--json"}));
    EXPECT_EQ(keys_of(object),
              (Keys{"between", "file", "path", "rows", "run", "seed", "step", "steps"}));
    const auto picture = read_image(out);
    EXPECT_GT(picture.width, 5 * picture.height / 2);
    EXPECT_LT(picture.width, 7 * picture.height / 2);
  }
}

TEST(Commands, ModelsListsAndDescribes) {
  const auto list = only_object(run_kiln({"models", "--json"}));
  std::vector<std::string> names;
  for (const auto& model : list["models"]) {
    EXPECT_EQ(keys_of(model), (Keys{"capabilities", "name", "paper", "title"}));
    names.push_back(model["name"]);
  }
  EXPECT_NE(std::find(names.begin(), names.end(), "nade"), names.end());
  const auto nade = only_object(run_kiln({"models", "nade", "--json"}));
  EXPECT_EQ(keys_of(nade), (Keys{"capabilities", "name", "options", "paper", "recipes", "title"}));
  for (const auto& option : nade["options"])
    EXPECT_EQ(keys_of(option), (Keys{"choices", "default", "flag", "from_data", "help", "high",
                                     "low", "name", "type"}));
  const auto table = run_kiln({"models", "nade", "--markdown"});
  EXPECT_TRUE(table.out.starts_with("| option | type | default | values | meaning |\n"));
  EXPECT_NE(table.out.find("| `--hidden` | integer | 500 | 1 to 1048576 | hidden units |\n"),
            std::string::npos)
      << table.out;
  EXPECT_NE(run_kiln({"models", "--training"}).out.find("--learning-rate"), std::string::npos);
}

TEST(Commands, DataListsSourcesAndLooksAtOne) {
  const TemporaryFolder folder;
  const auto list = only_object(run_kiln({"data", "--json"}));
  for (const auto& source : list["sources"])
    EXPECT_EQ(keys_of(source), (Keys{"example", "help", "keys", "name"}));
  const auto out = (folder / "d.png").string();
  const auto digits = only_object(run_kiln({"data", "digits:n=300,test=20", "-o", out, "--json"}));
  EXPECT_EQ(keys_of(digits),
            (Keys{"class_counts", "classes", "columns", "data", "file", "items", "levels", "max",
                  "mean", "min", "parts", "shape", "skipped", "standard_deviation", "values"}));
  EXPECT_EQ(digits["parts"].dump(), R"({"test":20,"train":300,"valid":1000})");
  EXPECT_EQ(digits["shape"].dump(), "[1,28,28]");
  std::int64_t counted = 0;
  for (const auto& [name, count] : digits["class_counts"].items())
    counted += count.get<std::int64_t>();
  EXPECT_EQ(counted, 300);
  EXPECT_EQ(read_png_text(out).at("data"), "digits:n=300,seed=1,test=20");
}

TEST(Commands, DataMeasuresPointsColumnByColumn) {
  const TemporaryFolder folder;
  const auto out = (folder / "ring.svg").string();
  const auto ring = only_object(run_kiln({"data", "ring8:n=20000", "-o", out, "--json"}));
  EXPECT_EQ(ring["items"], 10000);
  ASSERT_EQ(ring["columns"].size(), 2u);
  // Radius 2 at eight equal angles: variance 2 along each axis, plus sigma^2 = 0.0004.
  const double error = 5 * std::sqrt(2.0 / 10000);
  for (const auto& column : ring["columns"]) {
    EXPECT_NEAR(column["mean"].get<double>(), 0, error);
    EXPECT_NEAR(column["standard_deviation"].get<double>(), std::sqrt(2.0004), error);
  }
  EXPECT_TRUE(contents(out).starts_with("<svg"));
}

TEST(Commands, DoctorSaysThatThisMachineIsSound) {
  const auto object = only_object(run_kiln({"doctor", "--json"}));
  EXPECT_EQ(object["healthy"], true);
  EXPECT_EQ(object["checks"].size(), 3u);
  EXPECT_EQ(keys_of(object),
            (Keys{"blas", "checks", "compiler", "copy_gb_per_s", "cpu", "cuda_devices", "disk_gb",
                  "healthy", "kiln", "libtorch", "matrix_gflops", "memory_gb", "omp_wait_policy",
                  "onednn_convolutions", "threads", "vectors"}));
  EXPECT_GT(object["matrix_gflops"].get<double>(), 0);
}

TEST(Commands, DoctorFailsWhenACheckFails) {
  const auto result = run_kiln({"doctor"}, {}, [] { setenv("TMPDIR", "/nowhere", 1); });
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.out.find("safetensors round trip             FAILED: "), std::string::npos)
      << result.out;
}

TEST(Commands, HelpOfEveryCommandEndsWithAnExample) {
  for (const auto* command : {"train", "resume", "sample", "eval", "score", "reconstruct",
                              "complete", "interpolate", "report", "models", "data", "doctor"}) {
    const auto help = run_kiln({command, "--help"});
    EXPECT_EQ(help.code, 0) << help.err;
    EXPECT_NE(help.out.find(std::string("Example:\n  kiln ") + command), std::string::npos)
        << help.out;
  }
}

// Classes and states come from the data, and labels reach the bound and the sampler.
TEST(Commands, AConditionalModelOfStatesIsTrainedJudgedAndSampled) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  auto arguments = tiny_training("vae", run);
  for (auto& argument : arguments)
    if (argument == small_data("vae")) argument += ",levels=3";
  arguments.insert(arguments.end(), {"--decoder", "categorical", "--condition", "label"});
  ASSERT_EQ(run_kiln(arguments).code, 0);
  const auto judged = only_object(run_kiln({"eval", run, "--draws", "5", "--json"}));
  EXPECT_LT(judged["metrics"]["iwae"].get<double>(), 0);
  EXPECT_GT(judged["metrics"]["iwae"].get<double>(), -784 * std::log(3.0));
  const auto drawn = only_object(run_kiln({"sample", run, "-n", "4", "--condition", "label=7", "-o",
                                           (folder / "x.npy").string(), "--json"}));
  EXPECT_EQ(drawn["count"], 4);
  const auto refused = run_kiln({"sample", run, "--condition", "label=10"});
  EXPECT_EQ(refused.err, "kiln: [sample] label must be between 0 and 9, got 10\n");
}

}  // namespace
}  // namespace kiln
