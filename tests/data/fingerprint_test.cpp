// needs: base
#include "kiln/data/fingerprint.h"

#include <gtest/gtest.h>

#include <set>

namespace kiln {
namespace {

// Item i is i and its square's last digits; one item may be another.
class Numbered : public Dataset {
 public:
  explicit Numbered(std::int64_t size, std::int64_t changed = -1, std::int64_t labelled = -1)
      : size_(size), changed_(changed), labelled_(labelled) {
    info_.shape = {2};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t i, std::span<float> x) const override {
    seen.insert(i);
    x[0] = static_cast<float>(i % 1000);
    x[1] = i == changed_ ? -1.f : static_cast<float>(i * i % 97);
    return i == labelled_ ? 1 : 0;
  }
  mutable std::set<std::int64_t> seen;

 private:
  DataInfo info_;
  std::int64_t size_, changed_, labelled_;
};

TEST(Fingerprint, SeesEveryChangeOfSmallData) {
  const auto kept = fingerprint(Numbered(800));
  EXPECT_EQ(kept, fingerprint(Numbered(800)));
  EXPECT_NE(kept, fingerprint(Numbered(799)));
  for (std::int64_t i = 0; i < 800; ++i) {
    EXPECT_NE(kept, fingerprint(Numbered(800, i))) << i;
    EXPECT_NE(kept, fingerprint(Numbered(800, -1, i))) << i;
  }
}

TEST(Fingerprint, LooksAtEvenlySpacedItemsOfLargeData) {
  const std::int64_t size = 5000001;
  const Numbered data(size);
  fingerprint(data);
  ASSERT_EQ(data.seen.size(), 256u);
  EXPECT_EQ(*data.seen.begin(), 0);
  EXPECT_EQ(*data.seen.rbegin(), size - 1);
  auto before = *data.seen.begin();
  for (const auto i : data.seen) {
    if (i > 0) {
      EXPECT_NEAR(static_cast<double>(i - before), (size - 1) / 255., 1) << i;
    }
    before = i;
  }
}

}  // namespace
}  // namespace kiln
