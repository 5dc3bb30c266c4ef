#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kiln/runs/hooks.h"
#include "kiln/use/judge_network.h"
#include "kiln/use/judged_data.h"
#include "kiln/use/requests.h"

namespace kiln {

// Figures of `kiln eval` about samples as a set beside the data: of images by a network's
// features, of tables by the numbers themselves.
//   fd, kid, precision, recall, density, coverage    see docs/metrics.md
//   inception_score, agreement                       by the network's classes
//   c2st, mmd, energy                                two-sample tests; NAME_p is the p-value
//   parzen                                           log density of the data, nats

/// One line of the answer: name, value, error where one is known, and how it was measured.
struct SetFigure {
  std::string name;
  double value = 0;
  std::optional<double> error = std::nullopt;
  std::string protocol = {};
};

struct SetJudgeOptions {
  NetworkChoice network;
  std::string source;  ///< SPEC whose labels train Kiln's own judge.
  std::int64_t samples = 10000;
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

/// Draws the samples and looks at the data when a figure first needs them.
class SetJudge {
 public:
  SetJudge(const TrainedModel& run, const JudgedData& judged, SetJudgeOptions arguments,
           const Hooks& hooks);
  ~SetJudge();

  /// The figure and, for a test, its p-value.  Throws ConfigError where the run cannot sample or
  /// the network or data lack what the metric needs.
  std::vector<SetFigure> figures(const std::string& metric);

 private:
  struct Sets;
  const Sets& sets();
  FeatureNetwork* network();
  std::string protocol();
  std::vector<SetFigure> region_figure(const std::string& metric);
  std::vector<SetFigure> test_figures(const std::string& metric);
  SetFigure agreement();
  SetFigure parzen();

  const TrainedModel& run_;
  const JudgedData& judged_;
  SetJudgeOptions arguments_;
  const Hooks& hooks_;
  std::shared_ptr<FeatureNetwork> network_;
  std::unique_ptr<Sets> sets_;
};

}  // namespace kiln
