#include <dlfcn.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "kiln/registry/models.h"
#include "tests/cli/run_program.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

// The program alone, without kiln_actions.so beside it: whatever it answers, it answers without
// LibTorch.
class StartUp : public testing::Test {
 protected:
  StartUp() { fs::copy_file(program_path(), alone_ / "kiln"); }

  ProgramResult run_alone(const std::vector<std::string>& arguments) {
    return run_program((alone_ / "kiln").string(), arguments);
  }
  fs::path old_run(const std::string& model) const {
    return fs::path(source_folder()) / "tests/cli/old_runs" / model;
  }

  TemporaryFolder alone_;
};

TEST_F(StartUp, ListsAndHelpNeedNoLibTorch) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--help"},
           {"--version"},
           {"train", "--help"},
           {"models"},
           {"models", "vae", "--markdown"},
           {"models", "--training"},
           {"data"},
           {"data", "get"},
           {"data", "digits:n=20", "-o", (alone_ / "digits.png").string()},
           {"theory", "params"},
           {"theory", "divergence"},
           {"theory", "ordering", "--kind", "spiral"}}) {
    const auto result = run_alone(arguments);
    EXPECT_EQ(result.code, 0) << arguments.front() << result.err;
    EXPECT_GT(result.out.size(), 10u) << arguments.front();
  }
}

TEST_F(StartUp, RefusalsNeedNoLibTorch) {
  const auto nade = old_run("nade").string(), vae = old_run("vae").string(),
             ae = old_run("autoencoder").string(), gan = old_run("gan").string();
  int copies = 0;
  const auto wrong = [&](const std::string& what, const std::string& by) {
    const auto run = alone_ / ("wrong" + std::to_string(copies++));
    auto config = contents(old_run("nade") / "config.toml");
    config.replace(config.find(what), what.size(), by);
    fs::create_directory(run);
    write_plainly(run / "config.toml", config);
    return run.string();
  };
  const struct {
    std::vector<std::string> arguments;
    int code;
    std::string message;
  } refusals[] = {
      {{"tarin"}, 2, "did you mean 'train'"},
      {{"train", "nada", "--data", "digits"}, 2, "did you mean 'nade'"},
      {{"train", "nade"}, 2, "needs --data SPEC"},
      {{"train", "nade", "--data", "digit"}, 2, "did you mean 'digits'"},
      {{"train", "vae", "--data", "digits", "--hiden", "5"}, 2, "did you mean '--hidden'"},
      {{"train", "vae", "--data", "digits", "--hidden", "x"}, 2, "needs a whole number, got 'x'"},
      {{"train", "vae", "--data", "digits", "--hidden", "0"}, 2, "[vae.hidden] must be between 1"},
      {{"train", "vae", "--data", "digits", "--decoder", "gausian"}, 2, "did you mean 'gaussian'"},
      {{"train", "vae", "--data", "digits", "--batch", "0"}, 2, "[train.batch] must be between 1"},
      {{"train", "vae", "--data", "digits", "--device", "gpu"}, 2, "needs cpu, cuda or cuda:N"},
      {{"train", "vae", "--config", "none.toml", "--data", "digits"}, 3, "none.toml"},
      {{"train", "nade", "--data", "digits", "--out", nade}, 2, "already holds a run"},
      {{"sample", "nowhere"}, 3, "no such run folder"},
      {{"film", "nowhere"}, 3, "no such run folder"},
      {{"report", nade, "nowhere", "-o", "x.html"}, 3, "no such run folder"},
      {{"arithmetic", vae}, 2, "needs --plus or --minus"},
      {{"sample", nade, "-n", "many"}, 2, "--count"},
      {{"eval", nade, "--data", "digit"}, 2, "did you mean 'digits'"},
      {{"encode", nade}, 2, "has no encoder"},
      {{"complete", vae, "--known", "top-half"}, 2, "has no completer"},
      {{"resume", nade, "--hidden", "5"}, 2, "hidden is 4, not 5"},
      {{"theory", "gan", "--p", "normal"}, 2, "normal"},
      {{"sample", nade, "--condition", "class=3"},
       2,
       "must be label=N, N the number of a class, label=NAME, or code=FILE"},
      {{"sample", vae, "--mean", "--condition", "label=1"}, 2, "takes the classes in turn"},
      {{"sample", vae, "--mean", "--temperature", "2"}, 2, "from the prior as it is"},
      {{"sample", ae}, 2, "has no sampler"},
      {{"film", nade, "--quality", "good"}, 2, "needs lossless or 0 to 100, got 'good'"},
      {{"film", nade, vae}, 2, "needs -o FILE.webp"},
      {{"film", nade, "-o", "x.gif"}, 2, "needs a name that ends in .webp"},
      {{"complete", nade, "--known", "top"}, 2, "no pattern and no picture 'top'"},
      {{"complete", nade, "--known", "centre", "--image", "a", "--data", "bars"}, 2, "not both"},
      {{"complete", nade, "--known", "centre", "-o", "x.jpg"}, 2, "needs a name that ends in .png"},
      {{"interpolate", vae, "--path", "slrp"}, 2, "did you mean 'slerp'"},
      {{"interpolate", vae, "--between", "items"}, 2, "needs prior or data, got 'items'"},
      {{"encode", vae, "-o", "x.txt"}, 2, "ends in .csv or .npz"},
      {{"encode", vae, "--plot", "x.png"}, 2, "needs a name that ends in .svg"},
      {{"encode", vae, "--beside-prior"}, 2, "say --plot FILE.svg as well"},
      {{"decode", vae, "--codes", "x.txt", "-o", "x.png"}, 2, "ends in .csv or .npz"},
      {{"decode", vae, "--codes", "x.csv", "-o", "x.svg"}, 2, "needs a name that ends in .png"},
      {{"score", nade, "--complexity", "png"}, 2, "go with --ood SPEC"},
      {{"score", nade, "--ood", "bars", "--complexity", "gif"}, 2, "needs png, got 'gif'"},
      {{"score", nade, "--ood", "bar"}, 2, "did you mean 'bars'"},
      {{"score", nade, "--ood", "bars", "--background", "none"}, 3, "no such run folder"},
      {{"score", nade, "-o", "x.npz"}, 2, "needs a name that ends in .csv"},
      {{"probe", vae, "--labels", "ten"}, 2, "as in 100,1000; got 'ten'"},
      {{"probe", vae, "--split", "train"}, 2, "judge by test or valid"},
      {{"report", nade, vae}, 2, "needs -o FILE.html"},
      {{"report", nade, "-o", "x.pdf"}, 2, "needs a name that ends in .html"},
      {{"report", nade, "--device", "gpu"}, 2, "needs cpu, cuda or cuda:N"},
      {{"eval", nade, "--metric", "fid"}, 2, "did you mean 'fd'"},
      {{"eval", nade, "--metric", "elbo"}, 2, "elbo needs a capability that nade lacks, bound"},
      {{"eval", nade, "--split", "tset"}, 2, "needs train, valid or test, got 'tset'"},
      {{"traverse", nade}, 2, "has no decoder"},
      {{"traverse", vae, "--split", "test"}, 2, "say where --item is"},
      {{"manifold", vae, "-o", "x.jpg"}, 2, "needs a name that ends in .png or .svg"},
      {{"check", nade, "-o", "x.png"}, 2, "needs a name that ends in .svg"},
      {{"sample", nade, "--mean"}, 2, "has no decoder"},
      {{"interpolate", gan, "--between", "data"}, 2, "has no encoder"},
      {{"interpolate", vae, "--split", "test"}, 2, "go with --between data"},
      {{"encode", ae, "--plot", "x.svg", "--beside-prior"}, 2, "has no prior"},
      {{"manifold", ae}, 2, "has no prior"},
      {{"traverse", gan, "--item", "1"}, 2, "has no encoder"},
      {{"traverse", vae, "--low", "3", "--high", "1"}, 2, "--low must lie below --high"},
      {{"traverse", vae, "--low", "nan"}, 2, "lie between"},
      {{"traverse", vae, "--quantiles", "--low", "0"}, 2, "leave --low and --high out"},
      {{"check", gan}, 2, "has no likelihood or bound"},
      {{"check", vae, "-o", "x.svg"}, 2, "only an autoregressive model has"},
      {{"eval", nade, "--resize", "32"}, 2, "belongs to --features FILE"},
      {{"train", "vae", "--data", "digits:n=abc"}, 2, "n"},
      {{"train", "vae", "--data", "digits", "--valid", "bars:foo=1"}, 2, "foo"},
      {{"sample", wrong("hidden = 4", "hiden = 4")}, 2, "did you mean 'hidden'"},
      {{"resume", wrong("hidden = 4", "hidden = 0")}, 2, "[nade.hidden] must be between 1"},
      {{"report", wrong("model = 'nade'", "model = 'nada'")}, 2, "did you mean 'nade'"},
      {{"encode", wrong("train = '", "train = 'x")}, 2, "no source 'x"},
      {{"completion", "bash", "--", "x"}, 2, "go with candidates alone"},
      {{"completion", "tcsh"}, 2, "knows bash, zsh, fish"},
  };
  for (const auto& [arguments, code, message] : refusals) {
    const auto result = run_alone(arguments);
    EXPECT_EQ(result.code, code) << arguments[0] << " " << arguments.back() << ": " << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << message << " in " << result.err;
    EXPECT_EQ(result.out, "");
  }
}

// What libgomp says of itself when it is loaded.
std::string wait_policy(const fs::path& run, const fs::path& out, const char* asked) {
  const auto result =
      run_kiln({"sample", run.string(), "-n", "1", "-o", out.string()}, {}, [asked] {
        unsetenv("OMP_WAIT_POLICY");
        if (asked) setenv("OMP_WAIT_POLICY", asked, 1);
        setenv("OMP_DISPLAY_ENV", "true", 1);
      });
  EXPECT_EQ(result.code, 0) << result.err;
  const auto at = result.err.find("OMP_WAIT_POLICY");
  return at == std::string::npos ? result.err
                                 : result.err.substr(at, result.err.find('\n', at) - at);
}

TEST_F(StartUp, ThreadsWaitPassivelyUnlessAsked) {
  const auto run = old_run("nade"), out = alone_ / "x.npy";
  EXPECT_EQ(wait_policy(run, out, nullptr), "OMP_WAIT_POLICY = 'PASSIVE'");
  EXPECT_EQ(wait_policy(run, out, "active"), "OMP_WAIT_POLICY = 'ACTIVE'");
}

TEST_F(StartUp, SaysWhichPartOfKilnIsMissing) {
  const auto result =
      run_alone({"sample", old_run("nade").string(), "-o", (alone_ / "x.npy").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.err.find("there is neither " + (alone_ / "kiln_actions.so").string() + " nor "),
            std::string::npos)
      << result.err;
}

TEST_F(StartUp, RefusesALibraryThatIsCutShort) {
  const auto whole = contents(fs::path(program_path()).parent_path() / "kiln_actions.so");
  for (const std::size_t size : {std::size_t{0}, std::size_t{30}, whole.size() / 3}) {
    write_plainly(alone_ / "kiln_actions.so", whole.substr(0, size));
    const auto result =
        run_alone({"sample", old_run("nade").string(), "-o", (alone_ / "x.npy").string()});
    EXPECT_EQ(result.code, 3) << size;
    EXPECT_NE(result.err.find("is no library, or cut short; install Kiln again"), std::string::npos)
        << result.err;
  }
}

TEST_F(StartUp, RefusesALibraryThatIsNotItsOwn) {
  Dl_info zlib{};  // any library will do
  ASSERT_NE(dladdr(reinterpret_cast<const void*>(&zlibVersion), &zlib), 0);
  fs::copy_file(zlib.dli_fname, alone_ / "kiln_actions.so");
  const auto result =
      run_alone({"sample", old_run("nade").string(), "-o", (alone_ / "x.npy").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.err.find("is of another build than this program"), std::string::npos)
      << result.err;
}

// The same version, but other arguments: a sum of the shared headers tells them apart.
TEST_F(StartUp, RefusesALibraryOfOtherArguments) {
  const auto library = fs::path(program_path()).parent_path() / "kiln_actions.so";
  auto program = contents(program_path());
  const auto actions = contents(library);
  const std::regex sum("[0-9a-f]{64}");
  std::size_t changed = 0;
  for (std::sregex_iterator found(program.begin(), program.end(), sum), end; found != end; ++found)
    if (found->str().find_first_of("abcdef") != std::string::npos &&  // not fmt's tables of digits
        actions.find(found->str()) != std::string::npos) {
      auto& first = program[static_cast<std::size_t>(found->position())];
      first = first == '0' ? '1' : '0';
      ++changed;
      break;
    }
  ASSERT_EQ(changed, 1u);
  write_plainly(alone_ / "kiln", program);
  fs::permissions(alone_ / "kiln", fs::perms::owner_all);
  fs::create_symlink(library, alone_ / "kiln_actions.so");
  const auto result =
      run_alone({"sample", old_run("nade").string(), "-o", (alone_ / "x.npy").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.err.find("is of another build than this program"), std::string::npos)
      << result.err;
}

TEST_F(StartUp, TheProgramItselfLinksNoTensors) {
  const auto libraries = run_program(program_path(), {"--help"}, {}, [] {
                           setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);
                         }).out;
  EXPECT_NE(libraries.find("libstdc++"), std::string::npos);
  for (const auto* name : {"libtorch", "libc10", "libdnnl", "libgomp", "blas.so"})
    EXPECT_EQ(libraries.find(name), std::string::npos) << libraries;
}

TEST_F(StartUp, KnowsTheModelsOfTheRegistry) {
  const auto listed = nlohmann::json::parse(run_alone({"models", "--json"}).out).at("models");
  ASSERT_EQ(listed.size(), models().size());
  for (std::size_t i = 0; i < models().size(); ++i) {
    const auto& entry = models()[i];
    EXPECT_EQ(listed[i].at("name"), entry.name);
    EXPECT_EQ(listed[i].at("capabilities"), entry.capabilities);
    const auto shown = nlohmann::json::parse(run_alone({"models", entry.name, "--json"}).out);
    const auto& options = shown.at("options");
    ASSERT_EQ(options.size(), entry.fields.size()) << entry.name;
    for (std::size_t k = 0; k < entry.fields.size(); ++k) {
      const auto& field = entry.fields[k];
      EXPECT_EQ(options[k].at("name"), field.name);
      EXPECT_EQ(options[k].at("help"), field.help);
      EXPECT_EQ(options[k].at("choices"), field.choices);
      EXPECT_EQ(options[k].at("type"), field.type);
      EXPECT_EQ(options[k].at("from_data"), field.from_data);
      EXPECT_EQ(options[k].at("default"), field.from_data ? "" : field.default_value);
      if (std::isfinite(field.low)) {
        EXPECT_EQ(options[k].at("low"), field.low);
      }
      if (std::isfinite(field.high)) {
        EXPECT_EQ(options[k].at("high"), field.high);
      }
    }
  }
}

}  // namespace
}  // namespace kiln
