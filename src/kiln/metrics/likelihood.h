#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kiln/data/loader.h"
#include "kiln/metrics/estimate.h"
#include "kiln/metrics/metric_table.h"
#include "kiln/models/model.h"

namespace kiln {

/// Figures that a model can be judged by, means over items unless said.  With a likelihood or a
/// bound:
///   nll   -log p(x), nats            bpd   nll / (D ln 2), bits per dimension; a density over
///         numbers that have levels (grey pictures) is multiplied by the width of a level's cell
///   nll_standardised  nll of (x - shift) / scale, nats: in units of the training data's deviations
///   elbo  the bound, nats            iwae  log (1/K) sum_k w_k, nats (rises with K to log p(x))
///   elbo_bpd  -elbo / (D ln 2) as in bpd: bits per dimension, at most so many
///   active_units  numbers of the code, as encode_mean gives it, whose variance over the items is
///                 above 0.01; a count, without an error
/// and those of a model with codes or classes:
///   reconstruction  reconstruction_errors     error  share of items given a wrong class
///   translation_error  translation_errors, of a Translator and data with pairs
///   copy_error  copy_errors, what translation_error would be if nothing were done
///   cycle_error  cycle_errors, of a Translator that knows the way back
///   code_mmd  the distance of codes and prior, where matches_a_prior
struct JudgeOptions {
  std::int64_t draws = 50;             ///< K of iwae.
  std::int64_t batch = 100;            ///< Items at a time.
  std::int64_t most_items = 0;         ///< 0: all.
  std::uint64_t seed = 1;              ///< Of the bound's noise.
  std::string direction = {};          ///< Of a Translator; empty: its first.
  std::function<bool()> stopped = {};  ///< Asked before every batch; true: Interrupted is thrown.
};

/// The metrics that this model has, the first being the one to validate by: nll and bpd for a
/// Likelihood; elbo and iwae for a Bound, and active_units if it encodes; empty for a model without
/// either.
std::vector<std::string> likelihood_metrics(const Model& model);

/// Those, then reconstruction for an Encoder that is also a Decoder, code_mmd where
/// matches_a_prior, those of a Translator, and error for a Classifier with classes.
std::vector<std::string> metrics_of(const Model& model);
/// Without those that need what the data have not: pairs, and of one number of channels.
std::vector<std::string> metrics_of(const Model& model, const DataInfo& data);

/// Whether training holds the codes to a prior by comparing draws: a game with Encoder, Decoder and
/// Prior, and neither likelihood nor bound.
bool matches_a_prior(const Model& model);

/// |x - decode_mean(encode_mean(x))|^2 summed over D, of an Encoder that is also a Decoder: [B].
Tensor reconstruction_errors(Model& model, const Tensor& x);

/// |translation - truth| averaged over the numbers of a picture, as a share of the values' range,
/// in a direction of the model's: [B].  Throws ConfigError for data without pairs.
Tensor translation_errors(Model& model, const Batch& pairs, std::string_view direction, Rng& rng);

/// The same of a picture that is left as it is: what any translation must beat, [B].  Throws
/// ConfigError for data without pairs, or whose halves differ in channels.
Tensor copy_errors(Model& model, const Batch& pairs, std::string_view direction, Rng& rng);

/// The same of a picture and of what comes back when it is translated there and back: [B].
Tensor cycle_errors(Model& model, const Batch& pictures, std::string_view direction, Rng& rng);

/// 1 where the likeliest class is not y, else 0: [B].  Throws ConfigError for data without labels.
Tensor class_errors(Classifier& model, const Batch& batch);

/// One metric on a data set.  Throws ConfigError when the model does not have it.
Estimate judge(Model& model, const std::string& metric, const DatasetPtr& data,
               const Transform& transform, torch::Device device, const JudgeOptions& options = {});

}  // namespace kiln
