#include "kiln/metrics/feature_network.h"

#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <filesystem>
#include <fstream>

#include "kiln/core/error.h"
#include "kiln/metrics/label_network.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

std::string scripted(const TemporaryFolder& folder, const std::string& body) {
  torch::jit::Module module("judge");
  module.define("def forward(self, x):\n" + body);
  const auto path = (folder.path() / "judge.pt").string();
  module.save(path);
  return path;
}

TEST(ScriptedNetwork, GivesTheFilesFeatures) {
  const TemporaryFolder folder;
  const auto net = scripted_network(scripted(folder, "    return 2 * x\n"), std::nullopt);
  const auto x = torch::rand({3, 1, 2, 2});
  EXPECT_TRUE(torch::equal(net->features(x), 2 * x.flatten(1)));
  EXPECT_EQ(net->name(), "judge.pt");
  EXPECT_THROW(net->class_log_probs(x), ConfigError);
}

TEST(ScriptedNetwork, TakesLogitsBesideFeatures) {
  const TemporaryFolder folder;
  const auto net =
      scripted_network(scripted(folder, "    return (x, x.flatten(1)[:, :3])\n"), std::nullopt);
  const auto x = torch::rand({3, 1, 2, 2});
  EXPECT_TRUE(
      torch::equal(net->class_log_probs(x), torch::log_softmax(x.flatten(1).narrow(1, 0, 3), 1)));
}

// The triangle filter, twice as wide where sides are halved: weights 1 - |distance| / 2 of pixel
// centres at .5, 1.5 ... around 1 and 3, divided by their sum.  Each pixel counts; without
// antialiasing the outer ones of four would not.
TEST(ScriptedNetwork, ResizesAndSaysSo) {
  const TemporaryFolder folder;
  const auto net = scripted_network(scripted(folder, "    return x\n"), 2);
  const auto x = torch::rand({3, 1, 4, 4});
  const auto halve = torch::tensor({{3., 3., 1., 0.}, {0., 1., 3., 3.}}).to(torch::kFloat32) / 7;
  const auto expected = halve.matmul(x).matmul(halve.t());
  EXPECT_TRUE(torch::allclose(net->features(x), expected.flatten(1), 1e-5, 1e-6));
  EXPECT_EQ(net->name(), "judge.pt, images resized to 2x2");
  const auto pixel = torch::rand({3, 1, 1, 1});
  EXPECT_TRUE(torch::allclose(net->features(pixel), pixel.flatten(1).expand({3, 4})));
}

TEST(ScriptedNetwork, ShowsGreyAsColourWhereOnlyThatFits) {
  const TemporaryFolder folder;
  const auto net = scripted_network(
      scripted(folder, "    return torch.conv2d(x, torch.ones([1, 3, 1, 1]))\n"), std::nullopt);
  const auto x = torch::rand({2, 1, 2, 2});
  EXPECT_TRUE(torch::allclose(net->features(x), 3 * x.flatten(1)));
  EXPECT_EQ(net->name(), "judge.pt, grey as three channels");
}

TEST(ScriptedNetwork, RefusesFilesThatAreNone) {
  const TemporaryFolder folder;
  const auto missing = (folder.path() / "none.pt").string();
  EXPECT_EQ(message_of<IoError>([&] { scripted_network(missing, std::nullopt); }),
            "[" + missing + "] is no file; name a TorchScript file");
  const auto text = (folder.path() / "text.pt").string();
  std::ofstream(text) << "hello";
  EXPECT_NE(
      message_of<IoError>([&] { scripted_network(text, std::nullopt); }).find("no TorchScript"),
      std::string::npos);
  const auto fails = scripted_network(scripted(folder, "    return x.view([7])\n"), std::nullopt);
  EXPECT_THROW(fails->features(torch::rand({2, 3, 2, 2})), IoError);
}

TEST(UnitRange, OfEveryKindOfValues) {
  const auto x = torch::tensor({-1.f, 0.f, 1.f});
  EXPECT_TRUE(torch::equal(in_unit_range(x, Values::signed_unit), torch::tensor({0.f, .5f, 1.f})));
  EXPECT_TRUE(torch::equal(in_unit_range(x, Values::unit), torch::tensor({0.f, 0.f, 1.f})));
  EXPECT_TRUE(torch::equal(in_unit_range(torch::tensor({0.f, 1.f, 2.f}), {Values::states, 3}),
                           torch::tensor({0.f, .5f, 1.f})));
  EXPECT_THROW(in_unit_range(x, Values::real), ConfigError);
}

// Two classes: bright left or bright right half, with noise; 8 x 8.
class Halves : public Dataset {
 public:
  explicit Halves(std::int64_t first, bool swapped = false) : first_(first), swapped_(swapped) {
    info_.name = "halves", info_.shape = {1, 8, 8}, info_.values = Values::unit, info_.classes = 2;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 256; }
  std::int64_t read(std::int64_t i, std::span<float> x) const override {
    for (std::size_t p = 0; p < 64; ++p) {
      const auto noise = static_cast<float>(((first_ + i) * 64 + static_cast<std::int64_t>(p)) *
                                            2654435761u % 1000u) /
                         2000;
      x[p] = noise + (((p % 8) < 4) == (i % 2 == 0) ? .5f : 0);
    }
    return swapped_ ? 1 - i % 2 : i % 2;
  }

 private:
  std::int64_t first_;
  bool swapped_;
  DataInfo info_;
};

std::shared_ptr<LabelNetwork> judge(const std::filesystem::path& cache, std::int64_t first,
                                    int& trainings, std::uint64_t seed = 1) {
  return label_network(std::make_shared<Halves>(first), std::make_shared<Halves>(1000),
                       {.steps = 12, .seed = seed, .cache = cache, .note = [&](const std::string&) {
                          ++trainings;
                        }});
}

TEST(LabelNetwork, LearnsTheLabelsOnceForEachContent) {
  const TemporaryFolder folder;
  int trainings = 0;
  const auto first = judge(folder.path(), 0, trainings);
  EXPECT_EQ(first->held_out_accuracy(), 1);
  const auto x = torch::rand({4, 1, 8, 8});
  EXPECT_EQ(first->features(x).sizes(), torch::IntArrayRef({4, 128}));
  EXPECT_TRUE(torch::allclose(first->class_log_probs(x).exp().sum(1), torch::ones(4)));
  const auto again = judge(folder.path(), 0, trainings);
  EXPECT_EQ(trainings, 1);
  EXPECT_TRUE(torch::equal(again->class_log_probs(x), first->class_log_probs(x)));
  EXPECT_EQ(again->name(), first->name());
  EXPECT_EQ(again->held_out_accuracy(), 1);
  const auto other = judge(folder.path(), 7, trainings);  // other items
  const auto seeded = judge(folder.path(), 0, trainings, 2);
  EXPECT_EQ(trainings, 3);
  EXPECT_NE(other->name(), first->name());
  const auto swapped =
      label_network(std::make_shared<Halves>(0, true), std::make_shared<Halves>(1000, true),
                    {.steps = 12, .cache = folder.path()});
  EXPECT_NE(swapped->name(), first->name());  // the same items with other labels
  EXPECT_FALSE(torch::equal(seeded->class_log_probs(x), first->class_log_probs(x)));
}

TEST(LabelNetwork, ADamagedFileIsWrittenAnew) {
  const TemporaryFolder folder;
  int trainings = 0;
  const auto first = judge(folder.path(), 0, trainings);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    std::ofstream(entry.path()) << "broken";
  const auto again = judge(folder.path(), 0, trainings);
  EXPECT_EQ(trainings, 2);
  const auto x = torch::rand({4, 1, 8, 8});
  EXPECT_TRUE(torch::equal(again->class_log_probs(x), first->class_log_probs(x)));
  judge(folder.path(), 0, trainings);
  EXPECT_EQ(trainings, 2);
}

// The accuracy that stands in the name is of the items given, whenever the network was trained.
TEST(LabelNetwork, AKeptJudgeIsJudgedOnOtherItemsAnew) {
  const TemporaryFolder folder;
  int trainings = 0;
  const auto first = judge(folder.path(), 0, trainings);
  const auto contrary = label_network(
      std::make_shared<Halves>(0), std::make_shared<Halves>(1000, true),
      {.steps = 12, .cache = folder.path(), .note = [&](const std::string&) { ++trainings; }});
  EXPECT_EQ(trainings, 1);
  EXPECT_EQ(contrary->held_out_accuracy(), 0);
  EXPECT_EQ(judge(folder.path(), 0, trainings)->held_out_accuracy(), 1);
}

TEST(LabelNetwork, ACacheThatCannotBeWrittenIsNoted) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "no folder";
  std::vector<std::string> notes;
  const auto network =
      label_network(std::make_shared<Halves>(0), std::make_shared<Halves>(1000),
                    {.steps = 12,
                     .cache = folder.path() / "file" / "cache",
                     .note = [&](const std::string& line) { notes.push_back(line); }});
  EXPECT_EQ(network->held_out_accuracy(), 1);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_TRUE(notes[1].starts_with("the judge was not kept: ")) << notes[1];
}

TEST(LabelNetwork, DrawsNothingFromTheDefaultGenerator) {
  torch::manual_seed(1);
  const auto expected = torch::rand(3);
  torch::manual_seed(1);
  int trainings = 0;
  judge({}, 0, trainings);
  EXPECT_TRUE(torch::equal(torch::rand(3), expected));
}

}  // namespace
}  // namespace kiln
