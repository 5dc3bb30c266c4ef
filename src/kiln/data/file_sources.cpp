#include "kiln/data/file_sources.h"

#include "kiln/core/text.h"
#include "kiln/data/cifar.h"
#include "kiln/data/csv.h"
#include "kiln/data/idx.h"

namespace kiln {
namespace {

constexpr std::string_view kMemoryHelp =
    "GiB of unpacked data to hold in memory; what is larger is read from disk piece by piece";
constexpr std::uint64_t kMaxCsvBytes = std::uint64_t{1} << 40;  // of an inflated .gz
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

struct Cifar10Keys {
  template <class Self, class Visitor>
  static void fields(Self&, Visitor&&) {}
};

Splits open_cifar10_files(const SourceSpec& spec, const Cifar10Keys&, const OpenOptions&) {
  return open_cifar10(spec.text(), spec.path);
}

Splits open_csv_file(const SourceSpec& spec, const CsvOptions& keys, const OpenOptions& options) {
  auto bytes = is_gzip(spec.path) ? inflate_gzip(spec.path, kMaxCsvBytes, bytes_of_gib(keys.memory))
                                  : file_bytes(spec.path);
  return {.train = open_csv(spec.text(), std::move(bytes), keys, options.skip_bad),
          .valid = nullptr,
          .test = nullptr};
}

// A kind's own keys and the common ones, so that a refusal offers the nearest of both.
template <class Own>
struct AllKeys {
  Own own;
  CommonKeys common;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    Own::fields(self.own, visit);
    CommonKeys::fields(self.common, visit);
  }
};

template <class Own>
using Opener = Splits (*)(const SourceSpec&, const Own&, const OpenOptions&);

template <class Own>
FileSource file_source(const std::string& name, std::string help, std::string example,
                       Opener<Own> open) {
  const auto opener = [where = "data." + name, open](const SourceSpec& spec,
                                                     const OpenOptions& options) {
    AllKeys<Own> keys;
    assign(where, keys, spec.keys);
    return Source{.spec = spec,
                  .splits = open(spec, keys.own, options),
                  .binarize = keys.common.binarize,
                  .dequantize = keys.common.dequantize};
  };
  return {{name, std::move(help), std::move(example), describe_keys(describe<AllKeys<Own>>())},
          opener};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_keys(
    const std::vector<FieldInfo>& fields) {
  std::vector<std::pair<std::string, std::string>> keys;
  for (const auto& field : fields) {
    auto help = field.help;
    if (!field.choices.empty()) help += ": " + join(field.choices, ", ");
    if (!field.default_value.empty()) help += " (" + field.default_value + ")";
    keys.emplace_back(field.name, std::move(help));
  }
  return keys;
}

const std::vector<FileSource>& file_sources() {
  static const std::vector<FileSource> sources{
      file_source("mnist", "folder of MNIST's four files (or Fashion-MNIST's ...), raw or .gz",
                  "mnist:data/mnist", open_mnist),
      file_source("idx", "one IDX file of images, raw or .gz", "idx:train-images-idx3-ubyte.gz",
                  open_idx_file),
      file_source("cifar10", "CIFAR-10's binary version: its folder, or one file of it",
                  "cifar10:data/cifar-10-batches-bin", open_cifar10_files),
      file_source("csv", "table of numbers as text, raw or .gz",
                  "csv:wine.csv,columns=0-10,header=yes,label=11,sep=;", open_csv_file),
  };
  return sources;
}

}  // namespace kiln
