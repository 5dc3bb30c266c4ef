// Wrong requests and wrong files: the exit code, and the whole line on standard error.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

constexpr int kRequest = 2, kFile = 3;

void expect_refusal(const std::vector<std::string>& arguments, int code,
                    const std::string& message) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, code);
  EXPECT_EQ(result.err, "kiln: " + message + "\n");
  EXPECT_EQ(result.out, "");
}

// For messages that end in a list of everything that there is.
void expect_refusal_begins(const std::vector<std::string>& arguments, int code,
                           const std::string& message) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, code);
  EXPECT_EQ(result.err.substr(0, message.size() + 6), "kiln: " + message);
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  EXPECT_EQ(result.out, "");
}

TEST(BadRequests, UnknownCommandNamesTheNearest) {
  expect_refusal({"trian", "nade"}, kRequest,
                 "[kiln] no command 'trian'; did you mean 'train'? `kiln help` lists them");
}

TEST(BadRequests, UnknownModelNamesTheNearest) {
  const std::string message = "[model] no model 'nadee'; did you mean 'nade'? Models: joint";
  expect_refusal_begins({"train", "nadee", "--data", "digits"}, kRequest, message);
  expect_refusal_begins({"models", "nadee"}, kRequest, message);
}

TEST(BadRequests, DataSetsAreFetchedByNameAndFromSomewhere) {
  const TemporaryFolder folder;
  const auto out = (folder / "set").string(), none = (folder / "none").string();
  expect_refusal({"data", "get", "mnits"}, kRequest,
                 "[data get] no data set 'mnits'; did you mean 'mnist'? Sets: mnist, "
                 "binarized_mnist, fashion_mnist, cifar10");
  expect_refusal({"data", "get", "--from", none}, kRequest,
                 "[data get] needs the NAME of a data set; `kiln data get` lists them");
  expect_refusal({"data", "get", "mnist", "--from", none, "--out", out}, kFile,
                 "[from] there is no folder " + none +
                     "; give one, or an address that begins with http:// or https://");
  expect_refusal_begins({"data", "get", "mnist", "--from", folder.string(), "--out", out}, kFile,
                        "[data get] train-images-idx3-ubyte.gz could not be had. ");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(BadRequests, ASwitchIsTrueOrFalse) {
  expect_refusal({"train", "pixel_rnn", "--data", "digits", "--skip=maybe"}, kRequest,
                 "[skip] is a switch; it needs true or false, got 'maybe'");
  expect_refusal({"train", "pixel_rnn", "--data", "digits", "--skip=99999999999999999999"},
                 kRequest,
                 "[skip] is a switch; it needs true or false, got '99999999999999999999'");
}

TEST(BadRequests, UnknownOptionsNameTheNearest) {
  const TemporaryFolder folder;
  const auto out = (folder / "run").string();
  expect_refusal_begins({"train", "nade", "--data", "digits", "--hiden", "3", "--out", out},
                        kRequest,
                        "[train] no option '--hiden'; did you mean '--hidden'? Options: ");
  expect_refusal({"sample", tiny_run("nade"), "--temprature", "2"}, kRequest,
                 "[sample] no option '--temprature'; did you mean '--temperature'? `kiln sample "
                 "--help` lists them");
  expect_refusal({"reconstruct", tiny_run("vae"), "--spilt", "test"}, kRequest,
                 "[reconstruct] no option '--spilt'; did you mean '--split'? `kiln reconstruct "
                 "--help` lists them");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(BadRequests, WordsTooManyAndOptionsOfOthersAreCalledSo) {
  expect_refusal({"train", "vae", "--data", "digits", "extra"}, kRequest,
                 "[train] 'extra' is one word too many; `kiln train --help` shows what it takes");
  expect_refusal({"sample", tiny_run("nade"), "more"}, kRequest,
                 "[sample] 'more' is one word too many; `kiln sample --help` shows what it takes");
  expect_refusal({"train", "nade", "--data", "digits", "--pack", "2"}, kRequest,
                 "[train] the model has no option --pack; leave it out, it is one of gan");
  expect_refusal_begins({"train", "nade", "--data", "digits", "--latent-dim", "4"}, kRequest,
                        "[train] no option '--latent-dim'. Options: ");
  expect_refusal_begins({"train", "nade", "--data", "digits", "--lr", "1"}, kRequest,
                        "[train] no option '--lr'; did you mean '--learning-rate'? Options: ");
}

TEST(BadRequests, AFolderThatIsNotThereIsNamedBeforeTheWork) {
  const TemporaryFolder folder;
  const auto deep = (folder / "no/where").string(), run = (folder / "run").string();
  std::filesystem::copy(tiny_run("nade"), run, std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(run + "/checkpoints");  // so that no work could be done
  for (const auto& command :
       std::vector<std::vector<std::string>>{{"theory", "gan", "-o", deep + "/x.svg"},
                                             {"score", run, "-o", deep + "/x.csv"},
                                             {"report", run, "-o", deep + "/x.html"},
                                             {"data", "images:/nowhere", "-o", deep + "/x.png"}})
    expect_refusal(command, kFile,
                   "[" + command.back() + "] there is no folder " + (folder / "no").string() +
                       "; make it first");
}

TEST(BadRequests, TheItemsThatAreLearnedFromValidateNothing) {
  const TemporaryFolder folder;
  const auto out = (folder / "run").string();
  const auto train = [&](const std::string& data, const std::string& valid) {
    return std::vector<std::string>{"train", "nade",  "--data", data,     "--valid",
                                    valid,   "--out", out,      "--quiet"};
  };
  expect_refusal(train("digits:n=300", "digits:n=50,binarize=threshold"), kRequest,
                 "[train.valid] digits:n=50,binarize=threshold is where the training items come "
                 "from; give it another seed, as in digits:binarize=threshold,n=50,seed=2");
  expect_refusal(train("digits:valid=50", "digits:seed=1"), kRequest,
                 "[train.valid] digits:seed=1 is where the training items come from; give it "
                 "another seed, as in digits:seed=2");
  expect_refusal(train("images:here,flip=true", "images:here"), kRequest,
                 "[train.valid] images:here is where the training items come from; leave --valid "
                 "out: a part is held out by itself");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(BadRequests, SourcesAreNamedByWhatStandsThere) {
  const TemporaryFolder folder;
  const auto pictures = folder / "photos";
  std::filesystem::create_directory(pictures);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  expect_refusal({"data", "photos"}, kRequest,
                 "[data] cannot read 'photos': a folder of pictures is images:photos, of MNIST's "
                 "files mnist:photos");
  expect_refusal({"data", "digits,n=100"}, kRequest,
                 "[data] cannot read 'digits,n=100': keys follow a colon, as in digits:n=100");
  std::filesystem::current_path(before);
}

TEST(BadRequests, ConditionsMustNameAClass) {
  for (const auto* wrong : {"colour=3", "label=", "label=-1"})
    expect_refusal({"sample", tiny_run("vae"), "--condition", wrong}, kRequest,
                   "[sample.condition] must be label=N, N the number of a class, label=NAME, or "
                   "code=FILE of `kiln encode`, got '" +
                       std::string(wrong) + "'");
  expect_refusal({"sample", tiny_run("vae"), "--condition", "label=3"}, kRequest,
                 "[sample] the model has no classes, got label 3; leave it out");
  expect_refusal({"sample", tiny_run("vae"), "--condition", "label=3", "--mean"}, kRequest,
                 "[sample.condition] --mean takes the classes in turn; leave out one of both");
}

TEST(BadRequests, ValuesOutOfRangeAreNamed) {
  const TemporaryFolder folder;
  const auto out = (folder / "run").string();
  expect_refusal({"train", "nade", "--data", "digits", "--hidden", "0", "--out", out}, kRequest,
                 "[nade.hidden] must be between 1 and 1048576, got 0");
  expect_refusal({"train", "nade", "--data", "digits", "--batch", "many", "--out", out}, kRequest,
                 "[train.batch] needs a whole number, got 'many'");
  for (const auto* model : {"dcgan", "aae"})
    expect_refusal({"train", model, "--data", "digits:n=50", "--patience", "3", "--out", out},
                   kRequest,
                   "[train.patience] this model has no figure of validation that tells the best "
                   "state; leave patience out");
  EXPECT_FALSE(std::filesystem::exists(out));
}

// Before a folder is made, so that the next try can have its name.
TEST(BadRequests, BatchesThatPacksDoNotFillAreRefusedAtOnce) {
  const TemporaryFolder folder;
  const auto out = (folder / "run").string();
  expect_refusal({"train", "gan", "--data", "ring8:n=200", "--pack", "3", "--out", out, "--quiet"},
                 kRequest,
                 "[train.batch] the model looks at 3 items at once; set --batch to a multiple of "
                 "it, as 126, got 128");
  expect_refusal({"train", "gan", "--data", "ring8:n=200", "--pack", "2", "--minibatch-deviation",
                  "--batch", "4", "--out", out, "--quiet"},
                 kRequest,
                 "[train.batch] the model looks at 8 items at once, and a batch holds 4; give more "
                 "items or make --batch larger");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(BadRequests, TrainingIntoAFolderThatHoldsARunIsRefused) {
  const auto run = tiny_run("nade");
  expect_refusal({"train", "nade", "--data", "digits:n=100", "--out", run, "--quiet"}, kRequest,
                 "[" + run + "] already holds a run; continue it with `kiln resume " + run +
                     "` or choose another --out");
}

TEST(BadRequests, TrainingIntoAFolderOfOtherFilesIsRefused) {
  const TemporaryFolder folder;
  std::ofstream(folder / "thesis.txt") << "mine";
  expect_refusal({"train", "nade", "--data", "digits:n=100", "--out", folder.string(), "--quiet"},
                 kRequest,
                 "[" + folder.string() +
                     "] exists and is not an empty folder; choose another "
                     "--out");
  EXPECT_EQ(contents(folder / "thesis.txt"), "mine");
}

TEST(BadRequests, ResumingWithOtherOptionsShowsTheDifference) {
  const auto run = tiny_run("nade");
  expect_refusal({"resume", run, "--hidden", "7", "--batch=10", "--seed", "1"}, kRequest,
                 "[resume] a run goes on with its own options: hidden is 6, not 7; batch is 20, "
                 "not 10; leave them out, or train a new run");
  expect_refusal({"resume", run, "--hiden", "7"}, kRequest,
                 "[resume] no option '--hiden'; did you mean '--hidden'? A run goes on with its "
                 "own options");
}

TEST(BadRequests, AnImplicitModelHasNoLikelihood) {
  expect_refusal({"eval", tiny_run("dcgan")}, kRequest,
                 "[dcgan] is implicit: it has no likelihood; what it has: sampler, decoder, "
                 "prior, critic");
}

TEST(BadRequests, AModelWithoutTheCapabilityNamesWhatItHas) {
  const TemporaryFolder folder;
  const auto out = (folder / "x.png").string();
  expect_refusal({"reconstruct", tiny_run("nade"), "-o", out}, kRequest,
                 "[nade] has no encoder; what it has: sampler, likelihood, "
                 "autoregressive, completer, classifier");
  expect_refusal({"interpolate", tiny_run("nade"), "-o", out}, kRequest,
                 "[nade] has no decoder; what it has: sampler, likelihood, "
                 "autoregressive, completer, classifier");
  expect_refusal({"complete", tiny_run("vae"), "--known", "top-half", "-o", out}, kRequest,
                 "[vae] has no completer; what it has: sampler, bound, encoder, decoder, "
                 "prior, latent_joint");
  expect_refusal({"interpolate", tiny_run("dcgan"), "--between", "data", "-o", out}, kRequest,
                 "[dcgan] has no encoder, so only --between prior; what it has: sampler, decoder, "
                 "prior, critic");
}

TEST(BadRequests, CommandsThatDrawSayWhatTheyNeed) {
  const auto run = tiny_run("nade");
  expect_refusal({"complete", run, "--known", "top-half", "--index", "1,x"}, kRequest,
                 "[complete.index] needs numbers from 0 to 39, separated by commas; got 'x'");
  expect_refusal({"complete", run, "--known", "top-half", "--image", "a.png", "--data", "digits"},
                 kRequest, "[complete] give --image or --data, not both");
  expect_refusal({"complete", run, "--known", "tophalf"}, kRequest,
                 "[known] no pattern and no picture 'tophalf'; did you mean 'top-half'? Patterns: "
                 "top-half, bottom-half, left-half, right-half, centre");
  expect_refusal({"interpolate", tiny_run("vae"), "--path", "arc"}, kRequest,
                 "[interpolate.path] has no choice 'arc'. Choices: slerp, lerp");
  expect_refusal({"reconstruct", tiny_run("vae"), "-o", "x.gif"}, kRequest,
                 "[out] needs a name that ends in .png, got 'x.gif'");
}

TEST(BadRequests, ReportOfSeveralRunsNeedsAName) {
  expect_refusal({"report", tiny_run("nade"), tiny_run("vae")}, kRequest,
                 "[report] a page about several runs needs -o FILE.html");
}

TEST(BadRequests, DataOfOtherValuesOrShapeAreRefused) {
  expect_refusal(
      {"eval", tiny_run("nade"), "--data", "ring8:n=50", "--quiet"}, kRequest,
      "[data] ring8:n=50,seed=1 holds real numbers and the model needs binary; choose a model "
      "of real numbers, as vae with --decoder gaussian is; or, of files whose numbers all lie in "
      "[0, "
      "1], say values=unit in the SPEC");
  expect_refusal(
      {"eval", tiny_run("nade"), "--data", "bars:n=50", "--quiet"}, kRequest,
      "[data] bars:n=50 has data_dim 16, the run was trained with 784; give --data a source "
      "of items like those of digits:n=200,test=40");
}

TEST(BadRequests, MissingPathsAreNamed) {
  const std::string message =
      "[nowhere] no such run folder; `kiln train MODEL --data SPEC --out RUN` makes one";
  for (const auto* command :
       {"sample", "eval", "score", "reconstruct", "interpolate", "report", "resume"})
    expect_refusal({command, "nowhere"}, kFile, message);
  expect_refusal({"complete", "nowhere", "--known", "top-half", "-o", "x.png"}, kFile, message);
  expect_refusal({"data", "idx:nowhere.idx"}, kFile,
                 "[data.file] cannot open nowhere.idx: No such file or directory");
}

TEST(BadRequests, ATruncatedGzipFileIsNamed) {
  const TemporaryFolder folder;
  // The first 18 bytes of a gzip stream: its header and the start of a block that never ends.
  const std::string start(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xed\xc1\x01\x0d\x00\x00\x00\xc2", 18);
  const auto file = (folder / "x-idx3-ubyte.gz").string();
  std::ofstream(file, std::ios::binary) << start;
  expect_refusal(
      {"data", "idx:" + file}, kFile,
      "[data.gzip] " + file + " is cut short: its compressed data do not end; get it again");
}

}  // namespace
}  // namespace kiln
