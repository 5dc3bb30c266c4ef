// The report: one page that needs nothing but itself.
#include <gtest/gtest.h>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// No address that a browser would open: only pictures within the page and places of the page.
void expect_self_contained(const std::string& page) {
  for (const auto* start : {"src=\"", "href=\""})
    for (auto at = page.find(start); at != std::string::npos; at = page.find(start, at + 1)) {
      const auto target = page.substr(at + std::string(start).size(), 11);
      EXPECT_TRUE(target.starts_with("data:image/") || target.starts_with("#")) << target;
    }
  EXPECT_EQ(count(page, "<script"), 0u);
  EXPECT_EQ(count(page, "@import"), 0u);
  EXPECT_EQ(count(page, "url("), 0u);
}

TEST(Report, ComparesRunsOnOnePageThatNeedsNothingElse) {
  const TemporaryFolder folder;
  const auto out = (folder / "all.html").string();
  const auto result = run_kiln({"report", tiny_run("nade"), tiny_run("vae"), tiny_run("dcgan"),
                                "-o", out, "--items", "20", "--draws", "3", "--json"});
  const auto object = only_object(result);
  EXPECT_EQ(object["file"], out);
  EXPECT_EQ(object["runs"].size(), 3u);
  const auto page = contents(out);
  expect_self_contained(page);
  EXPECT_EQ(count(page, "<section id="), 3u);
  EXPECT_EQ(count(page, "<h3>Completions</h3>"), 1u);
  EXPECT_EQ(count(page, "<h3>Reconstructions</h3>"), 1u);
  EXPECT_EQ(count(page, "<h3>Between codes</h3>"), 2u);
  EXPECT_EQ(count(page, "<h3>Scores</h3>"), 3u);
  EXPECT_EQ(count(page, "<h3>Samples over training</h3>"), 3u);
  // One table for each set of items, an exact figure told from a bound; a GAN's has its own figure.
  for (const auto* metric :
       {"nll (exact)", "bpd (exact)", "elbo (bound)", "iwae (bound)", "data_coverage"})
    EXPECT_EQ(count(page, std::string("<th>") + metric + "</th>"), 1u) << metric;
  EXPECT_EQ(count(page, "<h3>Judged by 20 items of digits"), 1u);
  EXPECT_EQ(count(page, "--metric fd,kid,precision,recall"), 1u);
}

TEST(Report, CommandItNamesRepeatsTheRun) {
  const auto page = contents(std::filesystem::path(tiny_run("nade")) / "report.html");
  const auto first = page.find("<pre>kiln train nade --data digits:n=200,test=40");
  ASSERT_NE(first, std::string::npos);
  const auto command = page.substr(first + 5, page.find("</pre>", first) - first - 5);
  EXPECT_NE(command.find(" --hidden 6 "), std::string::npos) << command;
  EXPECT_NE(command.find(" --steps 40 "), std::string::npos) << command;
  std::vector<std::string> words;
  std::istringstream stream(command);
  for (std::string word; stream >> word;) words.push_back(word);
  words.erase(words.begin());
  const TemporaryFolder folder;
  words.back() = (folder / "again").string();
  words.emplace_back("--quiet");
  ASSERT_EQ(run_kiln(words).code, 0);
  EXPECT_EQ(contents(folder / "again/config.toml"),
            contents(std::filesystem::path(tiny_run("nade")) / "config.toml"));
  EXPECT_TRUE(
      contents(folder / "again/checkpoints/step-00000040.safetensors") ==
      contents(std::filesystem::path(tiny_run("nade")) / "checkpoints/step-00000040.safetensors"));
}

TEST(Report, OfATrainingHasCurvesAndSamplesOnly) {
  const auto page = contents(std::filesystem::path(tiny_run("vae")) / "report.html");
  expect_self_contained(page);
  EXPECT_EQ(count(page, "<h3>Learning</h3>"), 1u);
  EXPECT_GE(count(page, "<svg"), 3u);  // loss, kl, reconstruction
  EXPECT_EQ(count(page, "<h3>Samples</h3>"), 1u);
  EXPECT_EQ(count(page, "<h3>Scores</h3>"), 0u);
}

TEST(Report, ValidationsOfOneKindAreComparedOverStepsAndOverSeconds) {
  const TemporaryFolder folder;
  const auto other = (folder / "other").string(), out = (folder / "both.html").string();
  ASSERT_EQ(run_kiln(tiny_training("nade", other)).code, 0);
  std::ofstream(std::filesystem::path(other) / "metrics.jsonl", std::ios::app)
      << R"({"step": 50, "seconds": 8000, "valid/nll": 200})"
      << "\n";
  ASSERT_EQ(
      run_kiln({"report", tiny_run("nade"), other, "-o", out, "--items", "9", "--quiet"}).code, 0);
  const auto page = contents(out);
  EXPECT_EQ(count(page, ">Validation nll</text>"), 2u);
  EXPECT_EQ(count(page, ">seconds</text>"), 1u);
  EXPECT_EQ(count(page, ">8k</text>"), 1u);  // on the axis of seconds
}

// Of a bound the largest is the best, and beside a loss it is drawn with the loss's sign.
TEST(Report, ABoundIsBestWhereItIsLargestAndFallsBesideTheLoss) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  std::filesystem::copy(tiny_run("vae"), run, std::filesystem::copy_options::recursive);
  std::ofstream(std::filesystem::path(run) / "metrics.jsonl", std::ios::app)
      << R"({"step": 50, "seconds": 9, "valid/elbo": -3.25})"
      << "\n"
      << R"({"step": 60, "seconds": 10, "valid/elbo": -9000})"
      << "\n";
  const auto out = (folder / "both.html").string();
  ASSERT_EQ(run_kiln({"report", run, tiny_run("nade"), "-o", out, "--items", "5", "--quiet"}).code,
            0);
  const auto page = contents(out);
  EXPECT_EQ(count(page, "elbo -3.250 at step 50"), 1u);
  const auto from = page.find(">Loss</text>");
  ASSERT_NE(from, std::string::npos);
  const auto loss = page.substr(from, page.find("</svg>", from) - from);
  EXPECT_EQ(count(loss, ">8k</text>"), 1u);
  EXPECT_EQ(count(loss, ">-8k</text>") + count(loss, ">\u22128k</text>"), 0u);
}

TEST(Report, TheFirstOfTwoValidationsStandsBesideTheLossAndTheOtherAlone) {
  const auto page = contents(std::filesystem::path(tiny_run("wae")) / "report.html");
  EXPECT_EQ(count(page, "dashed: validation, reconstruction"), 1u);
  EXPECT_EQ(count(page, ">valid/code_mmd</text>"), 1u);
  EXPECT_EQ(count(page, ">valid/reconstruction</text>"), 0u);
}

TEST(Report, OfAModelWithoutABestStateShowsBothItsFiguresAndNamesNone) {
  const TemporaryFolder folder;
  const auto out = (folder / "both.html").string();
  ASSERT_EQ(
      run_kiln({"report", tiny_run("aae"), tiny_run("nade"), "-o", out, "--items", "5", "--quiet"})
          .code,
      0);
  const auto page = contents(out);
  EXPECT_EQ(count(page, " at step 40</td>"), 1u);  // the other run's
  EXPECT_EQ(count(page, ">valid/reconstruction</text>"), 1u);
  EXPECT_EQ(count(page, ">valid/code_mmd</text>"), 1u);
}

TEST(Report, OfARunWithHostileNamesHoldsNoMarkupOfTheirs) {
  const TemporaryFolder folder;
  const auto run = (folder / "a<script>&").string();
  std::filesystem::create_directories(run);
  std::filesystem::copy(tiny_run("nade"), run, std::filesystem::copy_options::recursive);
  std::ofstream(std::filesystem::path(run) / "metrics.jsonl", std::ios::app)
      << R"({"step": 50, "model/<b>x</b>": 1})"
      << "\n{\"step\": 60, \"lo";
  const auto result = run_kiln({"report", run, "--items", "5", "--quiet"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto page = contents(std::filesystem::path(run) / "report.html");
  expect_self_contained(page);
  EXPECT_EQ(count(page, "<b>x"), 0u);
  EXPECT_GE(count(page, "&lt;script&gt;"), 2u);
}

}  // namespace
}  // namespace kiln
