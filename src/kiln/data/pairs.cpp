#include "kiln/data/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "kiln/core/error.h"
#include "kiln/data/picture_list.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& reason) { throw IoError("data.pairs", reason); }

// Two data sets of equal length as one.
class Zipped : public Dataset {
 public:
  Zipped(DatasetPtr a, DatasetPtr b, DataInfo info)
      : a_(std::move(a)), b_(std::move(b)), info_(std::move(info)) {}
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return a_->size(); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto first = static_cast<std::size_t>(a_->info().item_size());
    b_->read(index, x.subspan(first));
    return a_->read(index, x.first(first));
  }

 private:
  DatasetPtr a_, b_;
  DataInfo info_;
};

// Pictures [C, H, 2 W] as their halves, `left_first` or the right one first.
class Halves : public Dataset {
 public:
  Halves(DatasetPtr whole, bool left_first) : whole_(std::move(whole)), left_first_(left_first) {
    info_ = whole_->info();
    if (info_.shape[2] % 2 != 0)
      refuse(fmt::format("{} holds pictures {} pixels wide, which have no halves", info_.name,
                         info_.shape[2]));
    info_.shape[2] /= 2;
    info_.more = {{"b", info_.shape}};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return whole_->size(); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    std::vector<float> both(x.size());
    const auto label = whole_->read(index, both);
    const auto width = static_cast<std::size_t>(info_.shape[2]), half = x.size() / 2;
    for (std::size_t row = 0; row < half / width; ++row)
      for (const bool right : {false, true}) {
        const auto* from = both.data() + (2 * row + (right ? 1 : 0)) * width;
        std::copy(from, from + width, x.data() + (right == left_first_ ? half : 0) + row * width);
      }
    return label;
  }

 private:
  DatasetPtr whole_;
  bool left_first_;
  DataInfo info_;
};

// Where a picture lies in its folder, without its ending.
std::vector<std::string> places_in(const fs::path& folder) {
  std::vector<std::string> places;
  for (const auto& file : list_pictures(folder).files)
    places.push_back(file.path.lexically_relative(folder).replace_extension().string());
  return places;
}

// Pictures come in the order of their whole names, so that must be one order, too.
void check_partners(const fs::path& a, const fs::path& b) {
  const auto in_a = places_in(a), in_b = places_in(b);
  auto of_a = in_a, of_b = in_b;
  std::sort(of_a.begin(), of_a.end());
  std::sort(of_b.begin(), of_b.end());
  for (const auto* places : {&of_a, &of_b})
    if (const auto twice = std::adjacent_find(places->begin(), places->end());
        twice != places->end())
      refuse(
          fmt::format("two pictures are named {}; a partner is found by the name without its "
                      "ending",
                      ((places == &of_a ? a : b) / *twice).string()));
  const auto [one, two] = std::mismatch(of_a.begin(), of_a.end(), of_b.begin(), of_b.end());
  if (one != of_a.end() || two != of_b.end()) {
    const bool in_second = one == of_a.end() || (two != of_b.end() && *two < *one);
    refuse(fmt::format("{} has no partner in {}: both folders need the same names",
                       ((in_second ? b : a) / (in_second ? *two : *one)).string(),
                       (in_second ? a : b).string()));
  }
  if (in_a != in_b)
    refuse(
        fmt::format("the pictures of {} and {} come in different orders because of their "
                    "endings; give both folders one ending",
                    a.string(), b.string()));
}

DatasetPtr zipped(const DatasetPtr& a, const DatasetPtr& b) {
  if (!a) return nullptr;
  auto info = a->info();
  const auto& other = b->info();
  if (info.shape[1] != other.shape[1] || info.shape[2] != other.shape[2])
    refuse(
        fmt::format("pictures of {} are {} x {}, their partners {} x {}; bring them to one size "
                    "with size=",
                    info.name, info.shape[2], info.shape[1], other.shape[2], other.shape[1]));
  info.more = {{"b", other.shape}};
  if (other.values != info.values) info.values = Values::unit, info.levels = 256;
  return std::make_shared<Zipped>(a, b, std::move(info));
}

}  // namespace

Splits open_pairs(const std::string& spec, const fs::path& folder, const PairsOptions& options) {
  if (options.b.empty() == !options.side)
    throw ConfigError("data.pairs",
                      "needs b=FOLDER, the second pictures, or side=left|right where "
                      "both are halves of one; give one of them");
  if (options.side) {
    auto splits = open_image_folder(spec, folder, options, false);
    for (auto* part : {&splits.train, &splits.valid, &splits.test})
      if (*part) *part = std::make_shared<Halves>(*part, *options.side == PairSide::left);
    return splits;
  }
  check_partners(folder, options.b);
  const auto a = open_image_folder(spec, folder, options, false);
  const auto b = open_image_folder(spec, options.b, options, false);
  return {zipped(a.train, b.train), zipped(a.valid, b.valid), zipped(a.test, b.test)};
}

}  // namespace kiln
