// needs: base
#include "kiln/metrics/metric_table.h"

#include <gtest/gtest.h>

#include <set>

namespace kiln {
namespace {

TEST(MetricTable, EveryRowHasANameOfItsOwnAndSaysWhatItNeeds) {
  std::set<std::string> names;
  for (const auto& metric : metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_FALSE(metric.needs.empty()) << metric.name;
    EXPECT_EQ(find_metric(metric.name), &metric);
  }
  EXPECT_EQ(find_metric("nothing"), nullptr);
}

TEST(MetricTable, ABoundRisesAndAnErrorFalls) {
  for (const auto* name : {"elbo", "iwae", "data_coverage", "psnr", "code_accuracy"})
    EXPECT_TRUE(rises(name)) << name;
  for (const auto* name : {"nll", "bpd", "error", "translation_error", "fd", "nothing"})
    EXPECT_FALSE(rises(name)) << name;
}

TEST(MetricTable, PartsOfACodeAreOneRow) {
  ASSERT_NE(find_metric("information_categorical0"), nullptr);
  EXPECT_EQ(find_metric("information_categorical0"), find_metric("information_continuous1"));
  EXPECT_EQ(metric_unit("information_continuous1"), "nats");
  EXPECT_EQ(metric_unit("bpd"), "bits per dimension");
  EXPECT_EQ(metric_digits("code_mmd"), 4);
}

}  // namespace
}  // namespace kiln
