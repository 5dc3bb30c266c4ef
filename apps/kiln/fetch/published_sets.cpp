#include "apps/kiln/fetch/published_sets.h"

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

constexpr std::uint64_t kTrainImages = 47040016, kTestImages = 7840016;
constexpr std::uint64_t kTrainLabels = 60008, kTestLabels = 10008;

// An IDX file and its gzipped form, which cannot be much longer than what it holds.
Delivery idx(const std::string& file, const std::string& sha256, std::uint64_t bytes) {
  return {file, Packing::gzip, sha256, bytes, bytes + bytes / 100 + 1024, {file}};
}

// Every number of a row is a digit and a blank.
Delivery rows(const std::string& part, const std::string& sha256, std::uint64_t images) {
  return {fmt::format("binarized_mnist_{}.amat", part),
          Packing::text,
          sha256,
          16 + 784 * images,
          784 * images * 3,
          {part + "-images-idx3-ubyte.gz"}};
}

PublishedSet mnist() {
  return {"mnist",
          "60000 + 10000 handwritten digits, 28 x 28 grey",
          "LeCun, Cortes, Burges 1998; CC BY-SA 3.0",
          "mnist",
          {"https://ossci-datasets.s3.amazonaws.com/mnist",
           "https://storage.googleapis.com/cvdf-datasets/mnist"},
          {idx("train-images-idx3-ubyte.gz",
               "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", kTrainImages),
           idx("train-labels-idx1-ubyte.gz",
               "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", kTrainLabels),
           idx("t10k-images-idx3-ubyte.gz",
               "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", kTestImages),
           idx("t10k-labels-idx1-ubyte.gz",
               "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", kTestLabels)}};
}

PublishedSet fashion_mnist() {
  return {"fashion_mnist",
          "60000 + 10000 pieces of clothing, 28 x 28 grey",
          "Xiao, Rasul, Vollgraf 2017; MIT",
          "mnist",
          {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
           "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"},
          {idx("train-images-idx3-ubyte.gz",
               "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", kTrainImages),
           idx("train-labels-idx1-ubyte.gz",
               "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", kTrainLabels),
           idx("t10k-images-idx3-ubyte.gz",
               "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", kTestImages),
           idx("t10k-labels-idx1-ubyte.gz",
               "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", kTestLabels)}};
}

PublishedSet binarized_mnist() {
  return {
      "binarized_mnist",
      "50000 + 10000 + 10000 digits, 28 x 28 of 0 and 1, the fixed binarisation of NADE and MADE",
      "Salakhutdinov, Murray 2008; Larochelle, Murray 2011",
      "mnist",
      {"https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"},
      {rows("train", "a999cb6820da36cd1db53b37219e2102d46ee90a09c4605d2dde3f42982083c5", 50000),
       rows("valid", "3674963962249f9e6c98688a82838893fd1317fafef7db687e2f7617c68c34f0", 10000),
       rows("test", "37d754f315cacab0b57b8b9602eb6394f1d59524ab5da6f2812616df722a8a1a", 10000)}};
}

PublishedSet cifar10() {
  return {"cifar10",
          "50000 + 10000 photographs of ten classes, 32 x 32 RGB",
          "Krizhevsky 2009",
          "cifar10",
          {"https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz"},
          {{"cifar-10-binary.tar.gz",
            Packing::tar,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            30730000,
            170052171,
            {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
             "data_batch_5.bin", "test_batch.bin"}}}};
}

}  // namespace

const std::vector<PublishedSet>& published_sets() {
  static const std::vector<PublishedSet> sets{mnist(), binarized_mnist(), fashion_mnist(),
                                              cifar10()};
  return sets;
}

const PublishedSet& published_set(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& set : published_sets()) {
    if (set.name == name) return set;
    names.push_back(set.name);
  }
  const auto hint = did_you_mean(name, names);
  throw ConfigError("data get", fmt::format("no data set '{}'{} Sets: {}", name,
                                            hint.empty() ? "." : hint, join(names, ", ")));
}

}  // namespace kiln::program
