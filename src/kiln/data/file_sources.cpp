#include "kiln/data/file_sources.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/cifar.h"
#include "kiln/data/csv.h"
#include "kiln/data/idx.h"
#include "kiln/data/image_folder.h"
#include "kiln/data/npy_source.h"
#include "kiln/data/pairs.h"

namespace kiln {
namespace {

constexpr std::string_view kMemoryHelp =
    "GiB of unpacked data to hold in memory; what is larger is read from disk piece by piece";
constexpr std::uint64_t kMaxCsvBytes = std::uint64_t{1} << 40;  // of an inflated .gz
constexpr Field kMemoryField{.help = kMemoryHelp, .low = 0, .high = 65536};

std::uint64_t bytes_of_gib(double gib) { return static_cast<std::uint64_t>(gib * 0x1p30); }

// A few bytes may inflate to a terabyte; a table's first line tells one from a table.
void check_first_line(const std::filesystem::path& path) {
  constexpr std::size_t kMostLine = 1 << 24;
  const auto start = gzip_prefix(path, kMostLine);
  if (start.size() == kMostLine && std::find(start.begin(), start.end(), '\n') == start.end())
    throw IoError("data.csv", fmt::format("{}: its first line has more than {} characters; is it a "
                                          "table?",
                                          path.string(), kMostLine));
}

Splits only_train(DatasetPtr data) {
  return {.train = std::move(data), .valid = nullptr, .test = nullptr};
}

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
  if (is_gzip(spec.path)) check_first_line(spec.path);
  auto bytes = is_gzip(spec.path) ? inflate_gzip(spec.path, kMaxCsvBytes, bytes_of_gib(keys.memory))
                                  : file_bytes(spec.path);
  return only_train(open_csv(spec.text(), std::move(bytes), keys, options.skip_bad));
}

Splits open_images(const SourceSpec& spec, const ImageFolderOptions& keys,
                   const OpenOptions& options) {
  return open_image_folder(spec.text(), spec.path, keys, options.skip_bad);
}

Splits open_picture_pairs(const SourceSpec& spec, const PairsOptions& keys,
                          const OpenOptions& options) {
  if (options.skip_bad)
    throw ConfigError("data.pairs",
                      "a pair without one of its pictures is none; repair or remove "
                      "both and leave --skip-bad out");
  return open_pairs(spec.text(), spec.path, keys);
}

Splits open_npy_file(const SourceSpec& spec, const NpyOptions& keys, const OpenOptions& options) {
  return only_train(open_npy(spec.text(), spec.path, keys, options.skip_bad));
}

Splits open_npz_file(const SourceSpec& spec, const NpzOptions& keys, const OpenOptions& options) {
  return only_train(open_npz(spec.text(), spec.path, keys, options.skip_bad));
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
    Source source{.spec = spec,
                  .splits = {},
                  .binarize = keys.common.binarize,
                  .dequantize = keys.common.dequantize,
                  .levels = keys.common.levels,
                  .noise = keys.common.noise,
                  .augmentation = keys.common.augmentation};
    try {
      source.splits = open(spec, keys.own, options);
    } catch (const std::filesystem::filesystem_error& error) {
      throw IoError(where, fmt::format("cannot look at {}: {}", error.path1().string(),
                                       error.code().message()));
    }
    return source;
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
      file_source("images",
                  "folder of PNG, JPEG, WebP, PGM or PPM pictures, or of a folder per class",
                  "images:photos,size=64", open_images),
      file_source("pairs", "pairs of pictures: two folders with the same names, or halves",
                  "pairs:photos,b=drawings,size=64", open_picture_pairs),
      file_source("npy", "NumPy array whose first axis counts items", "npy:train.npy",
                  open_npy_file),
      file_source("npz", "one array of a NumPy archive",
                  "npz:data.npz,key=train,labels=train_labels", open_npz_file),
      file_source("csv", "table of numbers as text, raw or .gz",
                  "csv:wine.csv,columns=0-10,header=yes,label=11,sep=;", open_csv_file),
  };
  return sources;
}

}  // namespace kiln
