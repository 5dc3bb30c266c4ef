#include "kiln/metrics/label_network.h"

#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdlib>

#include "kiln/core/check.h"
#include "kiln/feed/batches.h"
#include "kiln/io/content_hash.h"
#include "kiln/io/safetensors.h"
#include "kiln/nn/conv2d.h"
#include "kiln/nn/conv_halvings.h"
#include "kiln/train/optimizer.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

constexpr std::int64_t kBatch = 128, kFilters = 32, kFeatures = 128, kRowsAtOnce = 500;
constexpr double kRate = 1e-3;
constexpr std::int64_t kRecipe = 1;  // counts up when networks of old caches would be others

Conv2d conv(std::int64_t in, std::int64_t out) {
  return Conv2d(Conv2dOptions{.in = in, .out = out, .kernel = 3, .padding = 1});
}

torch::nn::Sequential make_trunk(std::int64_t channels, std::int64_t height, std::int64_t width) {
  torch::nn::Sequential net;
  const auto halvings = conv_halvings(height, width);
  auto filters = channels;
  for (std::int64_t i = 0; i < halvings; ++i) {
    const auto out = kFilters << i;
    net->push_back(conv(filters, out));
    net->push_back(torch::nn::ReLU());
    net->push_back(torch::nn::MaxPool2d(2));
    filters = out;
  }
  net->push_back(torch::nn::Flatten());
  const auto places = (height >> halvings) * (width >> halvings);
  net->push_back(torch::nn::Linear(filters * places, kFeatures));
  net->push_back(torch::nn::ReLU());
  return net;
}

void check_data(const DataInfo& info) {
  if (!info.is_image() || info.classes < 2)
    throw ConfigError("features",
                      fmt::format("{} has no labelled images to train a judge on; give --features "
                                  "FILE, a TorchScript network",
                                  info.name));
  if (info.shape[1] % 4 != 0 || info.shape[2] % 4 != 0)
    throw ConfigError("features", fmt::format("the judge needs sides that are multiples of 4, {} "
                                              "has {}x{}; read the images with size=32",
                                              info.name, info.shape[1], info.shape[2]));
}

// The shape, every item and its label.
void add_content(ContentHash& hash, const Dataset& data) {
  for (const auto size : data.info().shape) hash.add(size);
  hash.add(data.info().classes);
  std::vector<float> x(static_cast<std::size_t>(data.info().stored_size()));
  for (std::int64_t i = 0; i < data.size(); ++i) {
    hash.add(data.read(i, x));
    hash.add(std::span<const float>(x));
  }
}

std::string hash_of(const Dataset& data) {
  ContentHash hash;
  add_content(hash, data);
  return hash.hex();
}

// Of the data and the recipe.
std::string hash_of(const Dataset& data, const LabelNetworkOptions& options) {
  ContentHash hash;
  add_content(hash, data);
  hash.add(options.steps), hash.add(static_cast<std::int64_t>(options.seed)), hash.add(kRecipe);
  return hash.hex();
}

Transform as_unit(const DataInfo& info) {
  return make_transform(info, Values::unit, std::nullopt, false);
}

}  // namespace

LabelNetwork::LabelNetwork(std::int64_t channels, std::int64_t height, std::int64_t width,
                           std::int64_t classes, std::uint64_t seed) {
  Rng init(seed, "init");
  const Rng::Scope scope(init);
  trunk_ = make_trunk(channels, height, width);
  head_ = torch::nn::Sequential(torch::nn::Linear(kFeatures, classes));
}

Tensor LabelNetwork::features(const Tensor& x) {
  torch::NoGradGuard no_grad;
  return trunk_->forward(x);
}

Tensor LabelNetwork::class_log_probs(const Tensor& x) {
  torch::NoGradGuard no_grad;
  return at::log_softmax(head_->forward(trunk_->forward(x)), 1);
}

/// The making of a LabelNetwork: training, judging, keeping.
struct LabelNetworkTraining {
  LabelNetwork& network;
  DatasetPtr held_out;

  std::vector<NamedTensor> weights() const {
    std::vector<NamedTensor> all;
    for (const auto& entry : network.trunk_->named_parameters())
      all.push_back({"trunk." + entry.key(), entry.value()});
    for (const auto& entry : network.head_->named_parameters())
      all.push_back({"head." + entry.key(), entry.value()});
    return all;
  }

  void train(const DatasetPtr& data, const LabelNetworkOptions& options) const {
    Loader loader(data, as_unit(data->info()),
                  {.batch = std::min(kBatch, data->size()), .seed = options.seed});
    const auto named = weights();
    std::vector<Tensor> all;
    for (const auto& weight : named) all.push_back(weight.tensor);
    Optimizer optimizer(named, {.learning_rate = kRate});
    for (std::int64_t step = 0; step < options.steps; ++step) {
      const auto batch = to_batch(loader.next(), loader.info());
      const auto logits = network.head_->forward(network.trunk_->forward(batch.x));
      const auto loss = torch::nll_loss(at::log_softmax(logits, 1), batch.y);
      const double left = 1 - static_cast<double>(step) / static_cast<double>(options.steps);
      optimizer.step(torch::autograd::grad({loss}, all), kRate * left);
      if (options.progress) options.progress(step + 1, options.steps, loss.item<double>());
    }
  }

  void judge() const {
    Loader loader(held_out, as_unit(held_out->info()), LoaderOptions::one_pass(kRowsAtOnce, 1));
    std::int64_t right = 0;
    for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
      const auto batch = to_batch(std::move(host), loader.info());
      right += network.class_log_probs(batch.x).argmax(1).eq(batch.y).sum().item<std::int64_t>();
    }
    network.accuracy_ = static_cast<double>(right) / static_cast<double>(held_out->size());
  }

  // A file that is none, or of other weights, counts as missing: it is written anew.  Its accuracy
  // counts where it was measured on the same items.
  bool load(const std::filesystem::path& file) const {
    if (file.empty() || !std::filesystem::exists(file)) return false;
    try {
      const auto content = read_safetensors(file);
      load_tensors(file.string(), content, "", weights());
      const auto accuracy = content.metadata.find("accuracy"),
                 judged_on = content.metadata.find("held_out");
      if (accuracy == content.metadata.end() || judged_on == content.metadata.end()) return false;
      network.accuracy_ = std::strtod(accuracy->second.c_str(), nullptr);
      if (judged_on->second != hash_of(*held_out)) judge();
      return true;
    } catch (const IoError&) {
      return false;
    }
  }

  // A cache that cannot be written costs time, and nothing else.
  void keep(const std::filesystem::path& file, const LabelNetworkOptions& options) const {
    if (file.empty()) return;
    try {
      write(file);
    } catch (const std::exception& failure) {
      if (options.note) options.note(fmt::format("the judge was not kept: {}", failure.what()));
    }
  }

  void write(const std::filesystem::path& file) const {
    SafetensorsFile content;
    content.metadata["held_out"] = hash_of(*held_out);
    content.metadata["accuracy"] = fmt::format("{}", network.accuracy_);
    append_tensors(content, "", weights());
    std::filesystem::create_directories(file.parent_path());
    write_safetensors(file, content);
  }

  void name(const std::string& hash) const {
    network.name_ = fmt::format("kiln-{} ({} features, {:.2f} % of held-out labels)",
                                hash.substr(0, 8), kFeatures, 100 * network.accuracy_);
  }
};

std::shared_ptr<LabelNetwork> label_network(const DatasetPtr& train, const DatasetPtr& held_out,
                                            const LabelNetworkOptions& options) {
  const auto& info = train->info();
  check_data(info);
  auto network = std::make_shared<LabelNetwork>(info.shape[0], info.shape[1], info.shape[2],
                                                info.classes, options.seed);
  const LabelNetworkTraining training{*network, held_out};
  const auto hash = hash_of(*train, options);
  const auto file = options.cache.empty()
                        ? std::filesystem::path()
                        : options.cache / fmt::format("labels-{}.safetensors", hash);
  if (!training.load(file)) {
    if (options.note)
      options.note(
          fmt::format("training a judge on the labels of {}, {} steps", info.name, options.steps));
    training.train(train, options);
    training.judge();
    training.keep(file, options);
  }
  training.name(hash);
  return network;
}

std::filesystem::path cache_folder() {
  const auto of = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value ? value : "");
  };
  if (const auto own = of("KILN_CACHE"); !own.empty()) return own;
  if (const auto base = of("XDG_CACHE_HOME"); !base.empty()) return base / "kiln";
  if (const auto home = of("HOME"); !home.empty()) return home / ".cache" / "kiln";
  return {};
}

}  // namespace kiln
