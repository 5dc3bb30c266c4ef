#include "kiln/data/stacked.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/data/synthetic/generated.h"

namespace kiln {
namespace {

constexpr std::string_view kName = "stacked", kWhere = "data.stacked";
constexpr std::string_view kInner = "of.";  // begins a key of the inner source
constexpr std::int64_t kPlanes = 3, kClasses = 10;

// As many items as MNIST has.
struct StackedOptions : PartOptions {
  StackedOptions() : PartOptions{.n = 60000, .valid = 1000, .test = 10000, .seed = std::nullopt} {}
};

using StackedKeys = SpecKeys<StackedOptions>;

class StackedSet : public Dataset {
 public:
  StackedSet(DatasetPtr planes, DataInfo info, std::uint64_t seed, std::uint64_t first,
             std::int64_t size)
      : planes_(std::move(planes)),
        info_(std::move(info)),
        seed_(seed),
        first_(first),
        size_(size) {}

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }

  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    KILN_ASSERT(index >= 0 && index < size_);
    Philox rng(derive_key(seed_, kName, first_ + static_cast<std::uint64_t>(index)));
    const auto size = x.size() / kPlanes;
    std::int64_t label = 0;
    for (std::size_t plane = 0; plane < kPlanes; ++plane) {
      const auto item = rng.below(static_cast<std::uint64_t>(planes_->size()));
      label = kClasses * label +
              planes_->read(static_cast<std::int64_t>(item), x.subspan(plane * size, size));
    }
    return label;
  }

 private:
  DatasetPtr planes_;
  DataInfo info_;
  std::uint64_t seed_, first_;
  std::int64_t size_;
};

[[noreturn]] void refuse(const std::string& reason) { throw ConfigError(kWhere, reason); }

bool has_key(const std::vector<std::pair<std::string, std::string>>& keys, const std::string& key) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const auto& known) { return known.first == key; });
}

// A key of the inner source where only the stack's own may stand.
void check_owner(const SourceSpec& inner, const std::string& key, const std::string& value) {
  if (has_key(stacked_kind().keys, key)) return;
  for (const auto& kind : source_kinds())
    if (kind.name == inner.name && has_key(kind.keys, key))
      refuse(
          fmt::format("'{0}' is a key of {1}: write {2}{0}={3}", key, inner.name, kInner, value));
}

void check_inner_key(const std::string& key) {
  if (has_key(describe_keys(describe<CommonKeys>()), key))
    refuse(fmt::format("values are changed once they are stacked: write {0}=, not {1}{0}=", key,
                       kInner));
}

// Takes the inner source's keys out of `keys` and gives its SPEC.
SourceSpec take_inner(const SourceSpec& spec, std::map<std::string, std::string>& keys) {
  auto inner = parse_source(spec.path);
  if (inner.name == kName) refuse("stacks grey images; stacked ones have colours already");
  if (!inner.keys.empty())
    refuse(fmt::format("the first key of {0} follows a comma and begins with {1}: got '{2}'",
                       inner.name, kInner, spec.path));
  for (const auto& [key, value] : spec.keys) {
    check_owner(inner, key, value);
    if (!key.starts_with(kInner)) continue;
    const auto own = key.substr(kInner.size());
    check_inner_key(own);
    inner.keys.emplace(own, value);
    keys.erase(key);
  }
  return inner;
}

void check_inner(const std::string& name, const DataInfo& info) {
  if (!info.is_image())
    refuse(fmt::format("stacks grey images; the items of {} have shape [{}]", name,
                       fmt::join(info.shape, ", ")));
  if (info.shape[0] != 1)
    refuse(fmt::format("stacks grey images; those of {} have {} channels", name, info.shape[0]));
  if (!info.more.empty()) refuse(fmt::format("stacks single images; {} holds pairs", name));
  if (info.classes != kClasses)
    refuse(info.classes == 0
               ? fmt::format("needs {} classes; {} has no labels", kClasses, name)
               : fmt::format("needs {} classes; {} has {}", kClasses, name, info.classes));
}

// "3 1 4" where the inner classes have names.
std::vector<std::string> names_of_triples(const std::vector<std::string>& names) {
  std::vector<std::string> triples;
  for (const auto& a : names)
    for (const auto& b : names)
      for (const auto& c : names) triples.push_back(fmt::format("{} {} {}", a, b, c));
  return triples;
}

DataInfo stacked_info(DataInfo info, const SourceSpec& spec, std::uint64_t seed) {
  auto exact = spec;
  exact.keys["seed"] = std::to_string(seed);
  info.name = exact.text();
  info.shape[0] = kPlanes;
  info.classes = kClasses * kClasses * kClasses;
  info.class_names = names_of_triples(info.class_names);
  return info;
}

}  // namespace

const SourceKind& stacked_kind() {
  static const SourceKind kind = [] {
    SourceKind known{.name = std::string(kName),
                     .help = "three grey images of ten classes as the planes of one: 1000 classes",
                     .example = "stacked:digits,n=25600",
                     .keys = describe_keys(describe<StackedKeys>())};
    known.keys.emplace_back("of.KEY", "KEY of the source that is stacked, as in of.memory=1");
    return known;
  }();
  return kind;
}

SourceSpec stacked_inner(const SourceSpec& spec) {
  auto own = spec.keys;
  return take_inner(spec, own);
}

Splits open_stacked(const SourceSpec& spec, const OpenOptions& options) {
  auto own = spec.keys;
  const auto inner_spec = take_inner(spec, own);
  StackedKeys keys;
  assign(kWhere, keys, own);
  const auto seed = items_seed(spec, keys, options);
  const auto inner = open_source(inner_spec, {.seed = seed, .skip_bad = options.skip_bad}).splits;
  const auto part = [&](const char* name, const DatasetPtr& planes, std::uint64_t first,
                        std::int64_t size) -> DatasetPtr {
    if (!planes && spec.keys.contains(name) && size > 0)
      refuse(
          fmt::format("{} has no {} part to stack; leave {}= out", inner_spec.text(), name, name));
    if (!planes || size == 0) return nullptr;
    check_inner(inner_spec.text(), planes->info());
    return std::make_shared<StackedSet>(planes, stacked_info(planes->info(), spec, seed), seed,
                                        first, size);
  };
  return {part("n", inner.train, 0, keys.n), part("valid", inner.valid, kValidFirst, keys.valid),
          part("test", inner.test, kTestFirst, keys.test)};
}

}  // namespace kiln
