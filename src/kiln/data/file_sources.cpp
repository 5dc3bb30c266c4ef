#include "kiln/data/file_sources.h"

#include <cmath>

#include "kiln/data/idx.h"

namespace kiln {
namespace {

constexpr std::string_view kMemoryHelp =
    "GiB of unpacked data to hold in memory; what is larger is read from disk piece by piece";
constexpr Field kMemoryField{.help = kMemoryHelp, .low = 0, .high = 65536};

std::uint64_t bytes_of_gib(double gib) { return static_cast<std::uint64_t>(gib * 0x1p30); }

struct MnistKeys {
  double memory = 2;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("memory", self.memory, kMemoryField);
  }
};

Splits open_mnist(const SourceSpec& spec, const MnistKeys& keys, const OpenOptions&) {
  return open_idx_splits(spec.text(), find_mnist(spec.path), bytes_of_gib(keys.memory));
}

struct IdxKeys {
  std::string labels = "beside";
  double memory = 2;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("labels", self.labels,
          Field{.help = "file of labels; beside: the one with the usual name, if any; or none"});
    visit("memory", self.memory, kMemoryField);
  }
};

Splits open_idx_file(const SourceSpec& spec, const IdxKeys& keys, const OpenOptions&) {
  IdxPaths paths{.images = spec.path, .labels = {}};
  if (keys.labels == "beside")
    paths.labels = idx_labels_beside(spec.path);
  else if (keys.labels != "none")
    paths.labels = keys.labels;
  return open_idx_splits(spec.text(), {.train = paths, .valid = {}, .test = {}},
                         bytes_of_gib(keys.memory));
}

// A table row for a kind whose keys are the options struct Keys.
template <class Keys>
FileSource file_source(std::string name, std::string help, std::string example,
                       Splits (*open)(const SourceSpec&, const Keys&, const OpenOptions&)) {
  FileSource source;
  for (const auto& field : describe<Keys>())
    source.kind.keys.emplace_back(field.name, field.help + " (" + field.default_value + ")");
  source.open = [where = "data." + name, open](const SourceSpec& spec, const OptionMap& given,
                                               const OpenOptions& options) {
    Keys keys;
    assign(where, keys, given);
    return open(spec, keys, options);
  };
  source.kind.name = std::move(name);
  source.kind.help = std::move(help);
  source.kind.example = std::move(example);
  return source;
}

}  // namespace

const std::vector<FileSource>& file_sources() {
  static const std::vector<FileSource> sources{
      file_source("mnist", "folder of MNIST's four files (or Fashion-MNIST's ...), raw or .gz",
                  "mnist:data/mnist", open_mnist),
      file_source("idx", "one IDX file of images, raw or .gz", "idx:train-images-idx3-ubyte.gz",
                  open_idx_file),
  };
  return sources;
}

}  // namespace kiln
